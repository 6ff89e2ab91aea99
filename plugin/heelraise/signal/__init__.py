"""Zero-phase filters, resampling and power spectra, in numpy alone."""
