"""What the demo prints when it is ready: addresses, keys, and three queries to paste."""

import shlex
import textwrap
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape

from fedele.kernel.ids import new_id

WIDTH = 110
out = Console(highlight=False, soft_wrap=True)

HOME = (
    "{ me { displayName balances { currency { name } available worth { amount currency } } tier { current { name } } "
    "feed(first: 20, at: {latitude: 39.952, longitude: -83.001}) "
    "{ edges { node { __typename title reason } } } card { appleWalletUrl } } }"
)
REWARDS = "{ me { rewards { edges { node { name cost { amount } affordable missing } } } } }"


def settle(access: dict[str, Any]) -> str:
    """A sale of two lines on the member's card. Pasted twice it is the same sale; the next start has another."""
    receipt = f"R-{new_id().hex[-6:]}"
    return (
        f'mutation {{ settle(input: {{ idempotencyKey: "{receipt}", basket: {{ receipt: "{receipt}", currency: "USD", '
        f'card: "{access["card_code"]}", lines: [ {{ amount: "12.40", name: "Apples", department: "PRODUCE" }}, '
        '{ amount: "31.00", name: "Coffee", department: "GROCERY" } ] } }) '
        "{ settlement { awards { name amount { amount } } spendable { amount } } userErrors { code message } } }"
    )


def curl(url: str, headers: Path, query: str) -> str:
    """A command that a POSIX shell takes as it stands. `headers` is a curl config file with the token in it."""
    first = f"curl -s {url} -K {shlex.quote(str(headers))} -d \\"
    words = orjson.dumps({"query": query}).decode()
    # A quote that ends at the end of a line goes on in the next one: the shell joins the two.
    parts = textwrap.wrap(words, WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return "\n".join([first, " '\\\n".join(f"'{part}" for part in parts) + "'"])


def print_banner(access: dict[str, Any], folder: Path) -> None:
    """Print it to standard output, so that it can be piped. `folder` holds demo.json and the headers for curl."""
    member, till = folder / "member.curl", folder / "till.curl"
    out.print("\n[bold green]Fedele is ready.[/bold green]  Ctrl-C stops it.\n")
    for name, value in (
        ("Members' GraphQL", f"{access['graphql_url']}   (open it in a browser for GraphiQL)"),
        ("Staff's GraphQL", access["staff_url"]),
        ("Scanner page", f"{access['base_url']}/scan   (paste the till key; any phone with https, or this machine)"),
        ("Join without app", f"{access['join_url']}   (the one-time code is printed here)"),
        ("Pushes delivered", f"{access['pushes_url']}   (a local server that speaks FCM v1)"),
        ("Health, metrics", f"{access['base_url']}/readyz  {access['base_url']}/metrics"),
        ("Member token", access["member_token"]),
        ("Staff key", access["staff_key"]),
        ("Till key", access["till_key"]),
        ("Till's store", access["store"]),
        ("Card code", access["card_code"]),
        ("All of this", str(folder / "demo.json")),
    ):
        out.print(f"  [bold]{name:<17}[/bold] {escape(str(value))}")
    out.print(
        "\n  The wallet card is signed with a development certificate made here: it verifies, but phones refuse it."
    )
    for title, url, headers, query in (
        ("1. A home screen, as the member's phone asks for it", access["graphql_url"], member, HOME),
        ("2. A sale at the till: points, pass and push follow", access["staff_url"], till, settle(access)),
        ("3. What the points are good for", access["graphql_url"], member, REWARDS),
    ):
        out.print(f"\n[bold]{title}[/bold]")
        out.print(curl(url, headers, query), markup=False)
    out.print()
