// Opens the NVML library for the forwarders. Every success asks for one irene_nvml_close. Returns NULL, or what is
// wrong, to be freed.
char *irene_nvml_open(const char *path);

void irene_nvml_close(void);
