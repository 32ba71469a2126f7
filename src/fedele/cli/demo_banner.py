"""What the demo prints when it is ready: addresses, keys, and three queries to paste."""

from typing import Any

from rich.console import Console

out = Console(highlight=False, soft_wrap=True)

HOME = (
    "{ me { displayName balances { currency { name } available worth { amount currency } } tier { current { name } } "
    "feed(first: 20, at: {latitude: 39.952, longitude: -83.001}) "
    "{ edges { node { __typename title reason } } } card { appleWalletUrl } } }"
)
REWARDS = "{ me { rewards { edges { node { name cost { amount } affordable missing } } } } }"


def settle(access: dict[str, Any]) -> str:
    """A sale of two lines on the member's card."""
    return (
        'mutation { settle(input: { idempotencyKey: "paste-1", basket: { receipt: "R-1001", currency: "USD", '
        f'card: "{access["card_code"]}", lines: [ {{ amount: "12.40", name: "Apples", department: "PRODUCE" }}, '
        '{ amount: "31.00", name: "Coffee", department: "GROCERY" } ] } }) '
        "{ settlement { awards { name amount { amount } } spendable { amount } } userErrors { code message } } }"
    )


def curl(url: str, token: str, query: str) -> str:
    """A command that a POSIX shell takes as it stands."""
    escaped = query.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f"curl -s {url} -H 'authorization: Bearer {token}' -H 'content-type: application/json' \\\n"
        f'  -d \'{{"query": "{escaped}"}}\''
    )


def print_banner(access: dict[str, Any]) -> None:
    """Print it to standard output, so that it can be piped."""
    out.print("\n[bold green]Fedele is ready.[/bold green]  Ctrl-C stops it.\n")
    for name, value in (
        ("Members' GraphQL", f"{access['graphql_url']}   (open it in a browser for GraphiQL)"),
        ("Staff's GraphQL", access["staff_url"]),
        ("Pushes delivered", f"{access['pushes_url']}   (a local server that speaks FCM v1)"),
        ("Health, metrics", f"{access['base_url']}/readyz  {access['base_url']}/metrics"),
        ("Member token", access["member_token"]),
        ("Staff key", access["staff_key"]),
        ("Till key", f"{access['till_key']}   (for {access['store']})"),
        ("Card code", access["card_code"]),
    ):
        out.print(f"  [bold]{name:<17}[/bold] {value}")
    out.print("  The wallet card is signed with a development certificate: it verifies, but phones refuse it.")
    out.print("\n[bold]1. A home screen, as the member's phone asks for it[/bold]")
    out.print(curl(access["graphql_url"], access["member_token"], HOME), markup=False)
    out.print("\n[bold]2. A sale at the till: points, pass and push follow[/bold]")
    out.print(curl(access["staff_url"], access["till_key"], settle(access)), markup=False)
    out.print("\n[bold]3. What the points are good for[/bold]")
    out.print(curl(access["graphql_url"], access["member_token"], REWARDS), markup=False)
    out.print(f"\nAll of it is in {access['file']}.\n" if "file" in access else "")
