"""The page as people see it, in a real headless browser; screenshots and PDFs stay in .sandbox/report."""

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crossrole.report.history import Change, History
from crossrole.report.model import Report
from tests.crossrole.assemblies import DEV, PROD, allow, bucket, bucket_policy, role, trusting, written
from tests.crossrole.report.conftest import Paged, Read, changed, multiplied
from tests.kept_answers import answered, hash_of
from tests.synthesis import ROOT, Assembly

LOOK, BROWSER = (Path(__file__).with_name(name) for name in ("look.mjs", "browser.mjs"))
OUT = ROOT / ".sandbox" / "report"
LOOKS = ["phone-light", "phone-dark", "desktop-light", "desktop-dark"]
MANY = 100
SOME = {"many": ["phone-dark", "desktop-light"], "long": ["phone-light", "desktop-light"]}
"""Of which pages not every look is worth the time: the checker looks at each element."""

Looks = dict[str, dict[str, Any]]


def looked_at(name: str, page: str, looks: list[str]) -> Looks:
    """Return what the browser finds of a page, or found of the same page before."""
    installed = LOOK.with_name("package-lock.json").read_text()
    question = hash_of(page, LOOK.read_text(), BROWSER.read_text(), installed, platform.platform(), looks)
    (found,), _ = answered([question], lambda missing: [_looked_at(name, page, looks) for _ in missing])
    return dict(found)


def _looked_at(name: str, page: str, looks: list[str]) -> Looks:
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{name}.html"
    path.write_text(page, encoding="utf-8")
    node = Path(sys.executable).with_name("node")
    command = [str(node if node.exists() else shutil.which("node")), str(LOOK), str(path), str(OUT), name, *looks]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)

    assert "" == done.stderr
    return dict(json.loads(done.stdout))


def with_long_names(folder: Path) -> Path:
    """Write templates with names as long as AWS takes them, a provider, a public bucket, and access without a grant."""
    name, place = "a-bucket-whose-name-is-as-long-as-s3-lets-the-name-of-one-be-63", "some/rather/long/prefix/"
    objects = f"arn:aws:s3:::{name}/{place}*"
    key = f"arn:aws:kms:eu-west-1:{PROD}:key/11111111-2222-3333-4444-555555555555"
    through = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
    provider = f"arn:aws:iam::{PROD}:oidc-provider/token.actions.githubusercontent.com"
    subjects = {f"{provider.partition('/')[2]}:sub": ["repo:acme/orders:environment:production", "repo:acme/site:*"]}
    trust = [
        trusting(f"arn:aws:iam::{DEV}:role/a/path/of/several/folders/{'Caller' * 10}"),
        allow(
            Principal={"Federated": provider},
            Action="sts:AssumeRoleWithWebIdentity",
            Condition={"StringLike": subjects},
        ),
    ]
    own = [
        allow(Action=["s3:GetObject", "s3:PutObject"], Resource=objects),
        allow(Action="kms:Decrypt", Resource=key, Condition=through),
    ]
    policy = bucket_policy(
        name,
        allow(Principal="*", Action="s3:GetObject", Resource=objects),
        allow(Principal={"AWS": "arn:aws:iam::333333333333:role/Partner"}, Action="s3:PutObject", Resource=objects),
    )
    return written(folder, {"Role": role("Archive" * 9, trust, own), "Bucket": bucket(name), "Policy": policy})


@pytest.fixture(scope="module", params=["committed", "kinds", "many", "long"])
def report(request: pytest.FixtureRequest, read: Read, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Report]:
    """Return reports: of the committed file with its commit, of each kind of grant, of very many, and of long names."""
    if request.param == "long":
        return "long", read(with_long_names(tmp_path_factory.mktemp("long") / "templates"))
    if request.param == "committed":
        change = Change("64d8372", "2026-11-23", "Ada Lovelace", "Let the nightly export write its reports")
        default: Assembly = request.getfixturevalue("default")
        return "committed", read(default.directory, History({"DevAccountAccessS3Role": change}, frozenset()))
    kinds: Assembly = request.getfixturevalue("kinds")
    if request.param == "kinds":
        return "kinds", read(kinds.directory)
    return "many", read(changed(kinds, tmp_path_factory.mktemp("many") / "templates", multiplied(MANY)))


@pytest.fixture(scope="module")
def looks(report: tuple[str, Report], paged: Paged) -> Looks:
    """Return what the browser finds of the page."""
    name, facts = report
    return looked_at(name, paged(facts), SOME.get(name, LOOKS))


@pytest.mark.parametrize("look", LOOKS)
def test_look(look: str, looks: Looks, report: tuple[str, Report]) -> None:
    """On a phone and on a desk, light and dark: nothing sticks out or is cut off, and nothing is fetched.

    The browser and the accessibility checker complain of nothing, and the warnings are there without any script.
    """
    found = looks["looks"].get(look)
    if found is None:
        pytest.skip("two looks at such a page are enough")

    assert (0, [], []) == (found["overflow"], found["wide"], found["cut"])
    assert ([], []) == (found["console"], found["requests"])
    assert [] == found["violations"]
    for kind, _ in report[1].warnings:
        assert kind.title in found["text"]
        assert kind.meaning in found["text"]


def test_print(looks: Looks) -> None:
    """Printed, nothing is cut off at the paper's edge, no card is taller than a page, and no page is wasted."""
    found = looks["print"]

    assert (0, [], []) == (found["overflow"], found["wide"], found["cut"])
    assert 0 == found["tallerThanPaper"]
    assert found["leastPages"] <= found["pages"] <= 1 + 1.5 * found["leastPages"]


def test_a_fault_of_the_page_is_noticed(of_default: Report, paged: Paged) -> None:
    """What the other tests look for is found where it is: too wide, cut off, fetched, and no contrast."""
    page = paged(of_default)
    broken = page.replace(
        "<main", '<div><pre style="width:2000px">wide</pre><img src="https://example.invalid/x"></div><main'
    )
    broken = broken.replace(
        "default-src 'none'; style-src 'sha256-", "img-src *; style-src 'unsafe-inline'; font-src 'sha256-"
    )
    broken = broken.replace("--soft: #4c555f", "--soft: #bbbbbb").replace(
        ".drawing text { fill", ".drawing text { letter-spacing: 4px; fill"
    )
    found = looked_at("broken", broken, ["desktop-light"])["looks"]["desktop-light"]
    for left in OUT.glob("broken*"):
        left.unlink()

    assert found["overflow"] > 0
    assert found["wide"]
    assert found["cut"]
    assert ["https://example.invalid/x"] == list(dict.fromkeys(found["requests"]))
    assert any(each.startswith("color-contrast") for each in found["violations"])
