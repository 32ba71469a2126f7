"""Fraud: what looks unusual at the till, why, and what a person decided about it.

Rules are data (`fraud` in the programme): too much in too short a time, of a member, a store or anything a till tells
(its own number, a payment card's token); and two shops too far apart for the time between them. They are judged after
the sale, by what hears PurchaseRecorded and PurchaseReturned, so that no sale waits for them and none is refused at a
till by a guess. A suspicion opens a case with its evidence. `then: block` also stops the member's value from being
spent until a person has looked; earning goes on. A case is cleared or confirmed, with who and why.

May call members, activity and programme. `commands.refuse_if_blocked` is for rooms above that spend. Announces
FraudSuspected.
"""
