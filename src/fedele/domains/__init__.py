"""The rooms of the loyalty domain, in storeys: a room calls the rooms beneath it and announces the rest."""
