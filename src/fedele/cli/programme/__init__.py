"""`fedele programme …`: the programme as code."""

import typer

from fedele.cli.programme import explaining, files, proposals, versions

app = typer.Typer(help="The programme as code: check it, see what would change, apply it.", no_args_is_help=True)

app.command("validate")(files.validate)
app.command("plan")(proposals.plan)
app.command("apply")(versions.apply)
app.command("withdraw")(versions.withdraw)
app.command("versions")(versions.versions)
app.command("export")(versions.export)
app.command("rerate")(proposals.rerate)
app.command("explain")(explaining.explain)
app.command("schema")(files.schema)
app.command("templates")(files.templates)
