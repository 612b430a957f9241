"""What a change would do, told to people: previews and documents in, one report out. Pure but for what reads git."""
