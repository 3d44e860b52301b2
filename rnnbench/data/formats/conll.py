"""Files of CoNLL shared tasks: a token a line with its tags in columns, an empty line after a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.data.notice import tell
from rnnbench.errors import UserError
from rnnbench.reading import reading

_DOCUMENT = "-DOCSTART-"
_UD_COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_ID = re.compile(r"\d+([-.]\d+)?")
# Tags as shared tasks write them: of spans, of words, of parts of speech.
_TAG = re.compile(r"O|[BILUESM](-\S+)?|[A-Z]{1,8}\$?|[.,:;!?$#()'`\"-]{1,3}|-[LR][RCS]B-")
_LOOKED_AT = 1000


class _Line(NamedTuple):
    """A line of a sentence."""

    number: int
    text: str

    @property
    def fields(self) -> list[str]:
        """Its columns, parted by spaces or tabs."""
        # Not `split()`: a token may be a no-break space.
        return re.split(r"[ \t]+", self.text.strip(" \t\r"))


def read_conll(data: bytes, path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The sentences of a ``.conll`` file.

    Columns are parted by spaces or tabs; ``-DOCSTART-`` lines and comments before a sentence (``# text = ...``) are
    skipped. Sentences whose tokens are numbered are read as CoNLL-U, see `read_conllu`, which is said.

    Args:
        data: The file's content.
        path: The file, for errors.
        columns: Names of the columns, ``tokens`` and ``tags`` among them; without names, the first one is ``tokens``,
            the last one ``tags``, and those between are left out.
    """
    sentences = list(_sentences(decode(data, path)))
    width = _width(sentences) if columns is None else len(columns)
    sentences, comments = _without_comments(sentences, width)
    if comments:
        tell(f"{path}: {comments:,} lines are comments (# ...) and left out")
    numbered = _is_numbered(sentences)
    if numbered and columns is not None:
        sentences = [[line for line in sentence if line.fields[0].isdigit()] for sentence in sentences]
    elif numbered:
        if width not in (4, len(_UD_COLUMNS)):
            raise UserError(
                f"the tokens are numbered, and which of the {width} columns holds the tags is not known",
                where=path,
                hint="--data.source.columns '[id, tokens, ...]' names the columns",
            )
        tell(f"{path}: tokens are numbered, so it is read as CoNLL-U: words of column 2, tags of column 4")
        return _parsed(sentences, path)
    for line in (line for sentence in sentences for line in sentence):
        size = len(line.fields)
        if size != width or width < 2:
            expected = f"has {size} columns instead of {width}" if width > 1 else "has a token and no tag"
            raise UserError(f"line {line.number} {expected}: {line.text.strip()!r}", where=path)
    table = [list(zip(*(line.fields for line in sentence), strict=True)) for sentence in sentences]
    if columns is not None:
        return [{name: list(c) for name, c in zip(columns, sentence, strict=True)} for sentence in table]
    return [{"tokens": list(sentence[0]), "tags": list(sentence[-1])} for sentence in table]


def read_conllu(data: bytes, path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The sentences of a ``.conllu`` file (https://universaldependencies.org/format.html), by the package ``conllu``.

    Words of several tokens (``1-2``) and empty nodes (``2.1``) are left out, as in the tasks of that form.

    Args:
        data: The file's content.
        path: The file, for errors.
        columns: None: the form has names of its own.

    Returns:
        Records with ``tokens``, ``tags`` (the universal parts of speech), and ``xpos``, ``lemma``, ``deprel`` and
        ``heads`` where every token has one; with a ``label`` where a comment has it: ``# label = positive``.
    """
    if columns is not None:
        raise UserError(
            "the columns of CoNLL-U have names of their own",
            where=f"--data.source.columns {list(columns)}",
            hint="leave this option out; --data.tags_column takes tags, xpos, lemma or deprel",
        )
    return _parsed(list(_sentences(decode(data, path))), path)


def looks_like_conll(text: str) -> bool:
    """Whether text is no prose but tokens with tags, as in the ``train.txt`` of CoNLL-2003.

    Either it starts with ``-DOCSTART-``; or all lines have as many columns, the last one is a tag in each, and empty
    lines part sentences.

    Args:
        text: The text.
    """
    if text.lstrip().startswith(f"{_DOCUMENT} "):
        return True
    lines = split_lines(text[: 100 * _LOOKED_AT])[:_LOOKED_AT]
    rows = [re.split(r"[ \t]+", line.strip(" \t")) for line in lines]
    filled = [row for row in rows if row != [""]]
    if len(filled) < 3 or len(filled) == len(rows) or len(filled[0]) < 2:
        return False
    # The last line looked at may be cut.
    return all(len(row) == len(filled[0]) and _TAG.fullmatch(row[-1]) for row in filled[:-1])


def _sentences(text: str) -> Iterator[list[_Line]]:
    sentence: list[_Line] = []
    for number, text_of_line in enumerate(split_lines(text), start=1):
        line = _Line(number, text_of_line)
        if line.fields == [""] or line.fields[0] == _DOCUMENT:
            if sentence:
                yield sentence
            sentence = []
        else:
            sentence.append(line)
    if sentence:
        yield sentence


def _width(sentences: list[list[_Line]]) -> int:
    """Number of columns: that of the first line that can be no comment."""
    lines = [line for sentence in sentences for line in sentence]
    first = next((line for line in lines if not line.text.startswith("#")), next(iter(lines), _Line(1, "")))
    return len(first.fields)


def _without_comments(sentences: list[list[_Line]], width: int) -> tuple[list[list[_Line]], int]:
    """Sentences without the comments before them, and how many there are.

    ``#`` is a token as well. A line is a comment if it has not as many columns as tokens, or not their tabs, or says
    ``name = value``; and where every sentence begins with one, all of these are.
    """
    tabs = any("\t" in line.text for sentence in sentences for line in sentence if not line.text.startswith("#"))
    everywhere = len(sentences) > 1 and all(re.match(r"#[ \t]", sentence[0].text) for sentence in sentences)
    kept, comments = [], 0
    for sentence in sentences:
        start = 0
        while start < len(sentence) and sentence[start].text.startswith("#"):
            text = sentence[start].text
            other = len(sentence[start].fields) != width or (tabs and "\t" not in text)
            if not (other or (everywhere and not start) or re.search(r"[^\s#=]\s?=\s?\S", text)):
                break
            start += 1
        comments += start
        if start < len(sentence):
            kept.append(sentence[start:])
    return kept, comments


def _is_numbered(sentences: list[list[_Line]]) -> bool:
    """Whether the first column of every sentence counts its tokens, 1, 2, 3, ..."""

    def counts(sentence: list[_Line]) -> bool:
        ids = [line.fields[0] for line in sentence]
        if not all(map(_ID.fullmatch, ids)):
            return False
        words = [one for one in ids if one.isdigit()]
        return words == [str(i) for i in range(1, len(words) + 1)]

    return (
        bool(sentences) and all(len(line.fields) > 3 for s in sentences for line in s) and all(map(counts, sentences))
    )


def _parsed(sentences: list[list[_Line]], path: Path) -> list[dict[str, Any]]:
    """Sentences of CoNLL-U."""
    import conllu

    records = []
    for lines in sentences:
        where = f"{path}, lines {lines[0].number} to {lines[-1].number}"
        with reading(where, "no sentence of CoNLL-U"):
            # Columns are asked for as text: nothing here needs features.
            as_it_is = [line.text.startswith("#") or "\t" in line.text for line in lines]
            rows = [
                line.text.strip() if whole else "\t".join(line.fields)
                for line, whole in zip(lines, as_it_is, strict=True)
            ]
            widths = {row.count("\t") + 1 for row in rows if not row.startswith("#")}
            if len(widths) != 1 or not 4 <= min(widths) <= len(_UD_COLUMNS):
                raise ValueError(f"{' or '.join(map(str, sorted(widths))) or 'no'} columns instead of 10")
            [tokens] = conllu.parse(
                "\n".join(rows) + "\n\n",
                fields=_UD_COLUMNS,
                field_parsers={name: _as_text for name in _UD_COLUMNS if name != "id"},
            )
            words = [token for token in tokens if isinstance(token["id"], int)]
            if not words or not all(word["form"] and word["upos"] for word in words):
                raise ValueError("there is no word in it, or one without a form or a tag")
            record = {"tokens": [word["form"] for word in words], "tags": [word["upos"] for word in words]}
            for column, name in (("xpos", "xpos"), ("lemma", "lemma"), ("deprel", "deprel"), ("head", "heads")):
                if all(word.get(column) not in (None, "_", "") for word in words):
                    record[name] = [word[column] for word in words]
            if "label" in tokens.metadata:
                record["label"] = tokens.metadata["label"]
        records.append(record)
    return records


def _as_text(fields: list[str], column: int) -> str:
    return fields[column]
