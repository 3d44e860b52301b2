from rnnbench.tasks.speech.collapse import collapse

SAID = [f"word {number}" for number in range(20)]


def test_one_text_for_all_is_told():
    notice = collapse([(said, "word") for said in SAID], 0.97, "word")
    assert "of 20 recordings with 20 different transcripts, all are recognised as 'word'" in notice
    assert "blank in 97% of the steps" in notice
    assert "--data.unit char" in notice
    assert "--data.unit" not in collapse([(said, "") for said in SAID], 1.0, "char")


def test_texts_that_depend_on_the_sound_are_not():
    assert collapse([(said, said) for said in SAID], 0.5, "word") is None
    assert collapse([(said, "word") for said in SAID[:9]], 0.5, "word") is None
    yes_or_no = [(said, said) for said in ("yes", "no") * 10]
    assert collapse(yes_or_no, 0.5, "word") is None, "few outputs are right where few things were said"
