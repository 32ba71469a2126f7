"""Apple Wallet: our own pass model, assembler and signer. Implements PassAssembler of domains/wallet.

A design folder is compiled once (image hashes, zip bytes); a pass costs one JSON document and one signature. The
signing identity comes from settings, or is a development one that no phone trusts.
"""
