"""Pages for staff. The scanner at `/scan` runs in a till's browser and speaks to the staff schema like any client.

Above `api`, beside `web`: the pages bring their routes, `wiring` joins both. No page asks another host for anything, no
script is inline, and none can read the key: it travels in a cookie that scripts do not see.
"""
