"""Series out of files: what is found, and one message for each thing that is wrong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnnbench.data import Columns, Files, SeriesFiles, SeriesPackage, SeriesRecords
from rnnbench.data.cards import load_card
from rnnbench.errors import UserError


def table(text, name="a.csv", **columns):
    Path(name).write_text(text, encoding="utf-8")
    return SeriesFiles(name, Columns(**columns)).table()


def error(text, **columns):
    with pytest.raises(UserError) as caught:
        table(text, **columns)
    return str(caught.value)


def rows(times, values=None):
    values = range(len(times)) if values is None else values
    return "time,y\n" + "".join(f"{time},{value}\n" for time, value in zip(times, values, strict=True))


def test_wide():
    found = table("date,a,b\n2020-01-31,1,4\n2020-02-29,2,\n2020-03-31,3,6\n")
    assert found.frequency == "ME"
    assert [one.name for one in found.series] == ["a", "b"]
    assert found.series[0].start == pd.Timestamp("2020-01-31")
    np.testing.assert_array_equal(found.series[1].values, [4, np.nan, 6])
    assert found.missing


def test_long_with_covariates_and_different_starts():
    found = table(
        "unique_id,ds,y,holiday,rain,size\n"
        "s,2020-01-01,1,0,5,7\ns,2020-01-02,2,1,6,7\ns,2020-01-03,3,0,7,7\n"
        "t,2020-01-02,4,1,6,9\nt,2020-01-03,5,0,7,9\nt,2020-01-04,6,0,8,9\n",
        known=["holiday"],
        seen=["rain"],
        static=["size"],
    )
    s, t = found.series
    assert (s.name, t.name, found.frequency) == ("s", "t", "D")
    assert t.start == pd.Timestamp("2020-01-02")
    np.testing.assert_array_equal(t.known, [[1], [0], [0]])
    np.testing.assert_array_equal(s.seen, [[5], [6], [7]])
    assert t.static.tolist() == [9]


@pytest.mark.parametrize(
    ("times", "frequency"),
    [
        (["1700", "1701", "1702"], "1"),
        (["0", "10", "20"], "10"),
        (["20200106", "20200113", "20200120"], "W-MON"),
        (["2020-01", "2020-02", "2020-03"], "MS"),
        (["2020-01-01 00:00", "2020-01-01 00:15", "2020-01-01 00:30"], "15min"),
        (["2020-01-03", "2020-01-06", "2020-01-07", "2020-01-08", "2020-01-09", "2020-01-10", "2020-01-13"], "B"),
        (["13.01.2020", "14.01.2020", "15.01.2020"], "D"),
        (["01/13/2020", "01/14/2020", "01/15/2020"], "D"),
    ],
)
def test_frequencies(times, frequency):
    assert table(rows(times)).frequency == frequency


def test_semicolons_and_decimal_commas():
    found = table("time;y\n2020-01-01;1,5\n2020-01-02;2,5\n2020-01-03;3,5\n")
    assert found.series[0].values.tolist() == [1.5, 2.5, 3.5]


def test_summer_and_winter():
    times = pd.date_range("2020-10-24 22:00", periods=6, freq="h", tz="UTC").tz_convert("Europe/Berlin")
    local = [f"{time:%Y-%m-%d %H:%M}" for time in times]
    assert len(set(local)) == 5
    found = table(rows(local), timezone="Europe/Berlin")
    assert (found.frequency, len(found.series[0])) == ("h", 6)
    with_offset = [f"{time:%Y-%m-%dT%H:%M%z}" for time in times]
    assert table(rows(with_offset)).series[0].start == found.series[0].start
    assert "--data.source.columns.timezone Europe/Berlin" in error(rows(local))


def test_gaps_are_named_or_missing():
    text = rows(["2020-01-06", "2020-01-07", "2020-01-08", "2020-01-11", "2020-01-12", "2020-01-13"])
    message = error(text)
    assert (
        "a.csv, line 5\nseries y goes in steps of D, and 2 of them have no row: the first after 2020-01-08" in message
    )
    assert "gaps missing" in error(text)
    found = table(text, gaps="missing").series[0].values
    np.testing.assert_array_equal(found, [0, 1, 2, np.nan, np.nan, 3, 4, 5])


DAYS = ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        (rows([*DAYS[:3], DAYS[2], *DAYS[3:]]), {}, "a.csv, line 5\nseries y has the time 2020-01-03 00:00:00 twice"),
        (rows([*DAYS, "2019-12-31"]), {}, "line 6\nseries y goes back in time, from 2020-01-04"),
        (rows(DAYS, [1, 2, "many", 4]), {}, "a.csv, line 4\ncolumn 'y' holds 'many', which is no number"),
        (rows(DAYS, [1, "inf", 3, 4]), {}, "a.csv, line 3\ncolumn 'y' holds an infinite value"),
        (rows([*DAYS[:2], "soon", DAYS[3]]), {}, "a.csv, line 4\n'soon' is no time"),
        (rows([*DAYS[:2], "", DAYS[3]]), {}, "a.csv, line 4\nthere is no time"),
        (rows(["01/02/2020", "02/02/2020", "03/02/2020"]), {}, "'01/02/2020' can be read in two ways"),
        (rows(["13/02/2020", "02/14/2020"]), {}, "the day comes first in '13/02/2020' and second in '02/14/2020'"),
        (rows(["13/02/2020", "14/02/2020"]), {"day_first": False}, "there is no month 14"),
        (rows(["2020-01-01", "2020-03-09"]), {"frequency": "MS"}, "lies beside them"),
        ("time,y\n", {}, "there are no rows"),
        ("time\n2020-01-01\n", {}, "no column is left that could hold values"),
        (rows(DAYS), {"values": ["z"]}, "there is no column 'z'; its columns: time, y"),
        (rows(DAYS), {"values": ["y"], "known": ["y"]}, "column 'y' cannot be values and known"),
        (rows(DAYS), {"static": ["y"]}, "need a column that names the series"),
        (rows(DAYS), {"timezone": "Europe/Berlyn"}, "there is no such time zone"),
        ("series,time,a,b\ns,1,1,1\n", {}, "of a, b one holds the values"),
        (rows(["2020-01-01 10:00+01:00", "2020-01-01 11:00"]), {}, "this time tells no zone, and others do"),
    ],
)
def test_messages(text, columns, message):
    assert message in error(text, **columns)


def test_two_frequencies():
    days = "".join(f"a,2020-01-{day:02},1\n" for day in range(1, 15))
    message = error("series,time,y\n" + days + "b,2020-01-01 00:00,1\nb,2020-01-01 01:00,1\nb,2020-01-01 02:00,1\n")
    assert "series b goes in steps of D, and 2020-01-01 01:00:00 lies beside them" in message
    assert "two frequencies in one file?" in message


def test_parquet_and_records():
    frame = pd.DataFrame({"time": pd.date_range("2020-01-01", periods=40, freq="D"), "y": np.arange(40.0)})
    frame.to_parquet("a.parquet")
    found = SeriesFiles("a.parquet").table()
    assert found.frequency == "D"
    assert found.series[0].values.tolist() == list(range(40))
    from_records = SeriesRecords(Files("a.parquet")).table()
    np.testing.assert_array_equal(from_records.series[0].values, found.series[0].values)
    assert from_records.frequency == "D"


def test_no_such_file():
    with pytest.raises(UserError, match="there is no such file"):
        SeriesFiles("nothing.csv").table()


@pytest.mark.data
def test_real_files(real_data):
    folder = real_data / "forecasting"
    etth1 = SeriesFiles(str(folder / "ETTh1.csv"), card="etth1").table()
    assert (len(etth1.series), len(etth1.series[0]), etth1.frequency, etth1.missing) == (7, 17420, "h", False)
    co2 = SeriesFiles(str(folder / "co2_weekly.csv")).table()
    assert (co2.frequency, int(np.isnan(co2.series[0].values).sum())) == ("W-SAT", 59)
    sunspots = SeriesFiles(str(folder / "sunspots_yearly.csv")).table()
    assert (sunspots.frequency, sunspots.series[0].start, len(sunspots.series[0])) == ("1", 1700, 309)
    assert SeriesFiles(str(folder / "airline_passengers.csv")).table().frequency == "MS"


@pytest.mark.data
@pytest.mark.parametrize(("card", "file"), [("etth1", "ETTh1.csv"), ("airline_passengers", "airline_passengers.csv")])
def test_cards_agree_with_files(card, file, real_data):
    table = SeriesFiles(str(real_data / "forecasting" / file), card=card).table()
    sizes = [size.rows for size in load_card(card).splits.values()]
    assert sum(sizes) <= len(table.series[0])


def test_packages_lie_where_the_cards_say(monkeypatch, tmp_path):
    path = tmp_path / "sunspots.csv"
    path.write_text("YEAR,SUNACTIVITY\n1700,5\n1701,11\n1702,16\n")
    monkeypatch.setattr("rnnbench.data.series.sources.read_cached", lambda origin, name: path.read_bytes())
    found = SeriesPackage("sunspots").table()
    assert (found.series[0].start, found.series[0].values.tolist()) == (1700, [5, 11, 16])


@pytest.mark.network
@pytest.mark.parametrize(("card", "missing"), [("sunspots", 0), ("co2", 59)])
def test_packages(card, missing):
    source = SeriesPackage(card)
    source.prepare()
    (one,) = source.table().series
    assert len(one) == sum(size.rows for size in load_card(card).splits.values())
    assert int(np.isnan(one.values).sum()) == missing
