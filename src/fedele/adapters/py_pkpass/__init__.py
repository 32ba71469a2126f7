"""py-pkpass as the assembler of Apple's passes: the second adapter behind PassAssembler (FEDELE_PASS_ASSEMBLER).

Content, digests and designs are those of adapters/apple_wallet; py-pkpass writes pass.json, manifest, signature and zip
with its key loaded once. `CANNOT_SAY` names what it loses. Needs the extra `fedele[py-pkpass]`.
"""
