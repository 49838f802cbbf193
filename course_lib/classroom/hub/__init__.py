"""The class server: JupyterHub on one Linux machine, each learner with an account and copies of their own."""
