"""The application for any ASGI server: `uvicorn fedele.asgi:app`. Reads the environment when imported."""

import gc

from fedele.keyring import open_keyring
from fedele.logs import configure_logs
from fedele.settings import read_settings
from fedele.wiring import wire

_settings = read_settings()
configure_logs(_settings.log_format, _settings.log_level)
_fedele = wire(_settings, open_keyring(_settings))
_fedele.log_warnings()
app = _fedele.app(_fedele.otp())
gc.freeze()  # all of it stays: a full collection that walked it would hold up every request (see cli.loops)
