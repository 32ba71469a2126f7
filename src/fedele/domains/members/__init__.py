"""Members: who is in the programme. Profiles, identities, consents with their history, card codes; erasure and export.

Lowest storey: calls no other room. Announces MemberEnrolled, ProfileChanged, ConsentChanged, IdentityLinked,
CardCodeReplaced, MemberErased. Events name the member and what changed, never the value: personal data stays in
`member_profile`, `member_contact` and `member_identity`, which erasure empties. A member is found by an identity's HMAC
or by a card code, never by substring.
"""
