"""Where evaluations run: in the process of the study, in processes beside it, on a Ray cluster."""
