"""Throwaway databases in which the files of the desired state are applied."""
