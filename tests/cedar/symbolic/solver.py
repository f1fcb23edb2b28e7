#!/usr/bin/env python3
"""The solver cvc5 as a program that reads SMT-LIB from its standard input: the package on PyPI has the library only."""

import sys

import cvc5


def commands():
    """The commands of the input, each complete: outside of strings, quoted symbols and comments the brackets are balanced."""
    text, depth, quote = [], 0, ""
    while line := sys.stdin.readline():
        for character in line:
            text.append(character)
            if quote:
                quote = "" if character == quote else quote
            elif character in '"|':
                quote = character
            elif character == ";":
                quote = "\n"
            elif character == "(":
                depth += 1
            elif character == ")":
                depth -= 1
                if depth == 0:
                    yield "".join(text)
                    text = []


def main() -> None:
    """Invokes each command, and writes what it answers at once."""
    solver = cvc5.Solver()
    for argument in sys.argv[1:]:
        name, _, value = argument.removeprefix("--").partition("=")
        if value:
            solver.setOption(name, value)
    symbols = cvc5.SymbolManager(solver)
    parser = cvc5.InputParser(solver, symbols)
    for text in commands():
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "stdin")
        while not (command := parser.nextCommand()).isNull():
            sys.stdout.write(command.invoke(solver, symbols))
            sys.stdout.flush()


main()
