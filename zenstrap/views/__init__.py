"""What people and scripts see. Everything here draws data that others made; nothing here decides.

Import the module that you need: each is light, and only the ones that draw import rich.
"""
