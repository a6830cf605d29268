"""Data of the trainer: from whatever users have to one checked `Graph`. Nothing here loads torch.

From names, folders and objects (`named`, `folder`, `objects`; `cora`, `tu`, `tables`) to arrays (`raw`); what is wrong
with them (`check`), who is trained on and who tested on (`split`); and all of it in order (`read`).
"""
