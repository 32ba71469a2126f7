"""GraphiQL, served from our own files: no CDN, no inline script, a strict Content-Security-Policy."""

import html
from collections.abc import Sequence
from pathlib import Path
from string import Template

import orjson
from starlette.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).parent / "static" / "graphiql"
ASSETS = "/assets/graphiql"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fedele · GraphiQL</title>
<link rel="stylesheet" href="$assets/graphiql.css">
<link rel="stylesheet" href="$assets/page.css">
</head>
<body data-endpoint="$endpoint">
<div id="graphiql">Loading…</div>
<script type="application/json" id="samples">$samples</script>
<script src="$assets/react.production.min.js"></script>
<script src="$assets/react-dom.production.min.js"></script>
<script src="$assets/graphiql.js"></script>
<script src="$assets/page.js"></script>
</body>
</html>
""")


def assets() -> Mount:
    """The route of GraphiQL's files."""
    return Mount(ASSETS, StaticFiles(directory=FOLDER))


def page(endpoint: str, samples: Sequence[tuple[str, str]] = ()) -> HTMLResponse:
    """The page for one endpoint, with a tab for each sample (its name, its text)."""
    tabs = orjson.dumps([{"query": text} for _, text in samples]).decode().replace("<", "\\u003c")
    text = _PAGE.substitute(assets=ASSETS, endpoint=html.escape(endpoint, quote=True), samples=tabs)
    headers = {"content-security-policy": POLICY, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
    return HTMLResponse(text, headers=headers)
