"""Space `cnn`: plain and residual convolutional networks that grow without changing their function."""
