"""One port for all of AWS: Kiln's own services answer first, everything else is moto's, in the same process."""
