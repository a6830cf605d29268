"""Who watches: console, Optuna, MLflow. Each shows what the ledger holds, and can be filled from it again."""
