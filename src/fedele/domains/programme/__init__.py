"""Programme: the one YAML file that says how the programme works, its versions in time, and who may ask for which part.

Reads and checks files, keeps every applied version (append-only, effective-dated), tells what would change, and hands
out the version that is in force at a moment. It knows no section but its own (`config.py`: brand, currencies, places,
texts): rooms hand their config models to it through bootstrap. Calls no other room. Announces nothing: a version is
nobody's in particular, so processes hear of it by NOTIFY on the channel `fedele_programme`.
"""
