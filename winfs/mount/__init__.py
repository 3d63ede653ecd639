"""The machine as files: a tree of nodes, one module a subtree, and the FUSE operations that serve it."""
