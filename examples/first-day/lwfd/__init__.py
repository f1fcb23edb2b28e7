"""Asks AWS about the behaviours that Lakewright's templates depend on."""
