"""Push services behind the port `domains.messaging.ports.PushChannel`.

`firebase.py` is Google's own firebase-admin, `local_fcm.py` a server that speaks FCM v1 for it to talk to on a machine
without Firebase, `unconfigured.py` what stands there when no credentials were given.
"""
