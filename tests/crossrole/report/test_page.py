"""The page and the Markdown as text: whole in one file, the same for the same input, and safe with hostile texts."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from crossrole.report.history import Change, History
from crossrole.report.markdown import markdown_of
from crossrole.report.model import Report
from crossrole.report.words import Name, duration, listed, plain
from tests.crossrole.report.conftest import Paged, Read, changed
from tests.synthesis import Assembly

HOSTILE = (
    "</q></p><script>alert(1)</script>\"' onload=x {{ 7*7 }} `code` **bold** [x](javascript:alert(1)) @someone #1 | \\n"
)


class Tags(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.drawn = ""
        self._in = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))
        self._in = tag

    def handle_data(self, data: str) -> None:
        """Keep a text, and apart what stands in a drawing."""
        self.text += data
        if self._in == "text":
            self.drawn += data

    def of(self, name: str) -> list[dict[str, str | None]]:
        """Return the attributes of each tag of a name."""
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def page(of_kinds: Report, paged: Paged) -> Tags:
    """Return the page of one grant of each kind."""
    return Tags(paged(of_kinds))


def test_the_page_is_whole_in_itself(page: Tags) -> None:
    """Nothing in it is fetched or run: no script, no picture, no link but to places in the page."""
    names = {tag for tag, _ in page.tags}
    targets = {str(link["href"])[:1] for link in page.of("a")}

    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video", "use"}
    assert {"#"} == targets
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]


def test_the_page_forbids_everything_but_its_own_style(page: Tags) -> None:
    """The content security policy lets in one style, by its hash."""
    (policy,) = [each["content"] for each in page.of("meta") if each.get("http-equiv")]

    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; base-uri 'none'; form-action 'none'", str(policy)
    )


def test_the_page_has_landmarks_and_headings_in_order(page: Tags) -> None:
    """It has a language, a skip link, one main part, and no level of heading is left out."""
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]

    assert "en" == page.of("html")[0]["lang"]
    assert "#main" == page.of("a")[0]["href"]
    assert [1, 1, 1, 1] == [len(page.of(each)) for each in ("header", "nav", "main", "footer")]
    assert 1 == levels.count(1)
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(each.get("scope") in {"col", "row"} for each in page.of("th"))


def test_every_link_leads_somewhere_and_every_id_is_one(page: Tags) -> None:
    """No id stands twice, and each link and label names one that is there."""
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    named = [
        *(str(link["href"])[1:] for link in page.of("a")),
        *(each for _, tag in page.tags for each in str(tag.get("aria-labelledby") or "").split()),
    ]

    assert sorted(set(ids), key=str) == sorted(ids, key=str)
    assert not set(named) - set(ids)


def test_drawings_have_a_text_alternative(page: Tags) -> None:
    """Each drawing is one picture to a screen reader, with a title and a description."""
    drawings = [each for each in page.of("svg") if "aria-hidden" not in each]

    assert 7 == len(drawings)
    assert {"img"} == {each["role"] for each in drawings}
    assert len(drawings) == len(page.of("title")) - 1
    assert all(len(str(each["aria-labelledby"]).split()) == 2 for each in drawings)


def test_drawings_hold_every_caller_role_bucket_and_key(of_kinds: Report, page: Tags) -> None:
    """No grant is left out of the drawings."""
    drawn = "".join(page.drawn.split())

    for grant in of_kinds.grants:
        assert grant.name in drawn
        assert all((caller.name or caller.account) in drawn for caller in grant.callers)
    assert all(bucket.name in drawn for bucket in of_kinds.buckets)
    assert "key11111111-2222-3333-4444-555555555555" in drawn
    assert "keyofthebucketkinds-new-key" in drawn


def test_the_same_input_makes_the_same_bytes(kinds: Assembly, of_kinds: Report, read: Read, paged: Paged) -> None:
    """Nothing of the page depends on when or in which order it is made."""
    again = read(kinds.directory)

    assert paged(of_kinds) == paged(again)
    assert markdown_of(of_kinds) == markdown_of(again)


@pytest.fixture(scope="module")
def hostile(default: Assembly, read: Read, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return the report of templates and a commit that hold markup wherever a text is free."""

    def change(resources: dict[str, dict[str, Any]]) -> None:
        role = next(each["Properties"] for each in resources.values() if each["Type"] == "AWS::IAM::Role")
        role["Description"] = HOSTILE
        role["RoleName"] = "Role-b"
        role["PermissionsBoundary"] = "arn:aws:iam::222222222222:policy/<i>boundary</i>"
        trust = role["AssumeRolePolicyDocument"]["Statement"][0]
        trust["Condition"]["StringEquals"] = {"sts:ExternalId": HOSTILE}
        trust["Condition"]["ArnEquals"]["aws:PrincipalArn"] = "arn:aws:iam::111111111111:role/<s>&amp;\\N</s>"
        allowed = role["Policies"][0]["PolicyDocument"]["Statement"][0]
        allowed["Resource"] = "arn:aws:s3:::reports-222222222222/<u>dev</u>/*"

    folder = changed(default, tmp_path_factory.mktemp("hostile") / "templates", change)
    change_of = Change("abc1234", "2026-11-24", HOSTILE, f"{HOSTILE}\x1b[31m\u202e")
    return read(folder, History({"Role-b": change_of}, frozenset()))


def test_hostile_texts_are_shown_and_not_run(hostile: Report, of_default: Report, paged: Paged) -> None:
    """Markup in a description, a name, a key or a commit is text on the page: it adds no tag and no attribute."""
    page, harmless = Tags(paged(hostile)), Tags(paged(of_default))
    known = {tag for tag, _ in harmless.tags} | {"li", "q", "ul", "h3", "p", "tspan"}

    assert not {tag for tag, _ in page.tags} - known
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert 4 <= page.text.count(HOSTILE)
    assert "<s>&amp;\\N</s>" in "".join(page.drawn.split())


def test_characters_that_turn_the_reading_are_marked(hostile: Report, paged: Paged) -> None:
    """A terminal's commands and the marks that turn text around are shown as escapes, on the page and in Markdown."""
    for text in (paged(hostile), markdown_of(hostile)):
        assert r"\x1b[31m\u202e" in text
        assert not {"\x1b", "\u202e"} & set(text)


def test_hostile_texts_are_code_in_markdown(hostile: Report) -> None:
    """In Markdown each foreign text is a code span, whose fence is longer than any run of backticks in it."""
    text = markdown_of(hostile)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)

    assert not re.search(r"[<>@|{}]|script|javascript|\*\*bold|#1", outside)
    assert f"- For: ``{HOSTILE}``" in text


def test_only_plain_words_are_not_code_in_markdown(of_default: Report) -> None:
    """A text that nobody marked as foreign, but that could be markup, a mention or a link, is code all the same."""
    report = replace(of_default, unevaluated=((HOSTILE,), ("a.example.com",), ("x\n- forged",), ("a plain word.",)))

    assert ["a plain word."] == [
        line.removeprefix("- ")
        for line in markdown_of(report).splitlines()[-4:]
        if not re.fullmatch(r"- (`+).*\1", line)
    ]


def test_markdown_has_the_facts(of_kinds: Report) -> None:
    """A pull request gets what the page says: warnings first, then each grant."""
    text = markdown_of(of_kinds)

    assert text.index("## Warnings") < text.index("## Grants")
    assert text.startswith("# Access from outside, 2026-11-24\n\n32 grants, 29 usable now, 8 with serious")
    for fact in (
        "- **Full access** (serious). Reads, overwrites and deletes every object, and can change or delete the bucket",
        "  - `SeedExample`: do everything (`s3:*`) with every bucket\n",
        "- Only if the caller: sends the external id `export:2026/nightly`\n",
        "- State: expired, since 2026-01-01 00:00 UTC nobody can use it\n",
        "- Revoke: `python -m crossrole revoke ServiceRole --profile prod`\n",
        "- Last change in git: not in git\n",
        "- Quota used: 14 % of the 2,048 characters for the trust policy, 3 % of the 10,240 characters for the inline",
    ):
        assert fact in text


def test_a_change_in_git_is_reported(default: Assembly, read: Read, paged: Paged) -> None:
    """The last commit of the entry is reported with its hash, date, author and subject."""
    name = "DevAccountAccessS3Role"
    change = Change("abc1234", "2026-11-24", "Ada", "widen it")
    report = read(default.directory, History({name: change}, frozenset({name})))

    said = "abc1234 of 2026-11-24 by Ada: widen it; changed since, and not committed yet"
    assert said in Tags(paged(report)).text
    assert "`abc1234` of 2026-11-24 by `Ada`: `widen it`; changed since, and not committed yet" in markdown_of(report)


def test_no_grant(default: Assembly, read: Read, paged: Paged, tmp_path: Path) -> None:
    """Templates without a grant make a page that says so."""

    def change(resources: dict[str, dict[str, Any]]) -> None:
        for name in [name for name, each in resources.items() if each["Type"] == "AWS::IAM::Role"]:
            del resources[name]

    report = read(changed(default, tmp_path / "changed", change))

    assert "The templates make no role that someone outside its account may assume." in Tags(paged(report)).text
    assert "0 grants, 0 usable now" in markdown_of(report)


def test_words() -> None:
    """Lists, lengths of time and names read as a person writes them."""
    assert "a, b and c" == plain(listed(["a", "b", "c"]))
    assert "a or b" == plain(listed(["a", "b"], "or"))
    assert ["1 hour", "90 minutes", "1 day", "45 seconds"] == [duration(each) for each in (3600, 5400, 86400, 45)]
    assert r"a\n\tb \u202e" == Name("a\n\tb \u202e")
