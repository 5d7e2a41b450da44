"""The commands: one module for each, named in ``main``, and imported when it is given. They may know everything; nothing knows them."""
