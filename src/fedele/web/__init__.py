"""Starlette routes: what stands between the wire and the rooms. Speaks HTTP; decides nothing about loyalty."""
