"""What people and scripts see. Views draw data; they decide nothing.

Import the module that you need: each imports little, and only those that draw import rich.
"""
