package energy

import "slices"

// Scales of the table below.
const (
	mhz  = 1e6
	gbs  = 1e9
	tera = 1e12
	kib  = 1 << 10
	mib  = 1 << 20
	gib  = 1 << 30
)

// nvidia is the table of NVIDIA's GPUs.
//
// Peaks are dense: structured sparsity would double them. Products on tensor cores accumulate in float32, as frameworks
// do; boards for games run these at half the rate of products that accumulate in float16 (RTX 2080 Ti, 3080, 3090,
// 4090, 5090, and the L40).
//
// Peaks under 32 bits without tensor cores follow the throughput table of the CUDA C++ Programming Guide,
// https://docs.nvidia.com/cuda/cuda-c-programming-guide/#arithmetic-instructions-throughput-native-arithmetic-instructions
// For float16 they are float32's times 4 (compute capability 8.0), 2 (6.0, 7.x, 9.0, 10.0), 1 (8.6, 8.9, 12.0) or 1/64
// (6.1); for bfloat16 times 2 (8.0, 9.0, 10.0) or 1 (8.6, 8.9, 12.0); for int8 dot products times 4, listed where there
// are no tensor cores for them.
//
// Idle powers are nowhere published: all are estimates for a board in its fastest performance state.
func nvidia() []Device {
	return slices.Concat(pascal(), volta(), turing(), ampereDataCentre(), ampereGraphics(), ada(), hopper(), blackwell())
}

// vector is a peak without tensor cores, in TFLOP/s.
func vector(dtype string, teraflops float64) Peak {
	return Peak{DType: dtype, Rate: FLOPsPerSecond(teraflops * tera)}
}

// tensor is a peak on tensor cores, in TFLOP/s.
func tensor(dtype string, teraflops float64) Peak {
	return Peak{DType: dtype, TensorCores: true, Rate: FLOPsPerSecond(teraflops * tera)}
}

// pascal lists compute capability 6.0 and 6.1: no tensor cores. White paper:
// https://images.nvidia.com/content/pdf/tesla/whitepaper/pascal-architecture-whitepaper.pdf
func pascal() []Device {
	return []Device{
		{
			ID: "gtx-1070", Name: "NVIDIA GeForce GTX 1070",
			Architecture: "Pascal", ComputeCapability: "6.1", SMs: 15, CoresPerSM: 128,
			BaseClock: new(Hertz(1506 * mhz)), BoostClock: 1683 * mhz,
			Peaks:       []Peak{vector("float32", 6.463), vector("float16", 0.101), vector("int8", 25.85)},
			MemoryBytes: 8 * gib, Bandwidth: 256 * gbs, L2Bytes: 2 * mib, TDP: 150, Idle: 28,
			Estimates: []string{EstimateIdle, EstimatePeaks},
			Source:    "GeForce GTX 1070 specifications; GeForce GTX 1080 white paper",
			Address:   "https://www.geforce.com/hardware/desktop-gpus/geforce-gtx-1070/specifications",
		},
		{
			ID: "gtx-1080", Name: "NVIDIA GeForce GTX 1080",
			Architecture: "Pascal", ComputeCapability: "6.1", SMs: 20, CoresPerSM: 128,
			BaseClock: new(Hertz(1607 * mhz)), BoostClock: 1733 * mhz,
			Peaks:       []Peak{vector("float32", 8.873), vector("float16", 0.1386), vector("int8", 35.49)},
			MemoryBytes: 8 * gib, Bandwidth: 320 * gbs, L2Bytes: 2 * mib, TDP: 180, Idle: 32,
			Estimates: []string{EstimateIdle, EstimatePeaks},
			Source:    "GeForce GTX 1080 white paper",
			Address:   "https://international.download.nvidia.com/geforce-com/international/pdfs/GeForce_GTX_1080_Whitepaper_FINAL.pdf",
		},
		{
			ID: "gtx-1080-ti", Name: "NVIDIA GeForce GTX 1080 Ti",
			Architecture: "Pascal", ComputeCapability: "6.1", SMs: 28, CoresPerSM: 128,
			BaseClock: new(Hertz(1480 * mhz)), BoostClock: 1582 * mhz,
			Peaks:       []Peak{vector("float32", 11.34), vector("float16", 0.1772), vector("int8", 45.36)},
			MemoryBytes: 11 * gib, Bandwidth: 484 * gbs, L2Bytes: 2816 * kib, TDP: 250, Idle: 42,
			Estimates: []string{EstimateIdle, EstimatePeaks},
			Source:    "GeForce GTX 1080 Ti specifications",
			Address:   "https://www.geforce.com/hardware/desktop-gpus/geforce-gtx-1080-ti/specifications",
		},
		{
			ID: "p4", Name: "Tesla P4",
			Architecture: "Pascal", ComputeCapability: "6.1", SMs: 20, CoresPerSM: 128,
			BaseClock: new(Hertz(886 * mhz)), BoostClock: 1113 * mhz,
			Peaks:       []Peak{vector("float32", 5.7), vector("float16", 0.089), vector("int8", 22.8)},
			MemoryBytes: 8 * gib, Bandwidth: 192 * gbs, L2Bytes: 2 * mib, TDP: 75, Idle: 23,
			Estimates: []string{EstimateIdle, EstimatePeaks},
			Source:    "Tesla P4 data sheet; peaks at the highest boost clock (the data sheet's 5.5 TFLOP/s are at 1074 MHz)",
			Address:   "https://images.nvidia.com/content/pdf/tesla/184457-Tesla-P4-Datasheet-NV-Final-Letter-Web.pdf",
		},
		{
			ID: "p40", Name: "Tesla P40",
			Architecture: "Pascal", ComputeCapability: "6.1", SMs: 30, CoresPerSM: 128,
			BaseClock: new(Hertz(1303 * mhz)), BoostClock: 1531 * mhz,
			Peaks:       []Peak{vector("float32", 11.76), vector("float16", 0.184), vector("int8", 47)},
			MemoryBytes: 24 * gib, Bandwidth: 346 * gbs, L2Bytes: 3 * mib, TDP: 250, Idle: 50,
			Estimates: []string{EstimateIdle, EstimatePeaks},
			Source:    "Tesla P40 data sheet",
			Address:   "https://images.nvidia.com/content/pdf/tesla/184427-Tesla-P40-Datasheet-NV-Final-Letter-Web.pdf",
		},
		{
			ID: "p100-pcie-16gb", Name: "Tesla P100-PCIE-16GB",
			Aliases:      []string{"p100-pcie"},
			Architecture: "Pascal", ComputeCapability: "6.0", SMs: 56, CoresPerSM: 64,
			BaseClock: new(Hertz(1189 * mhz)), BoostClock: 1328 * mhz,
			Peaks:       []Peak{vector("float32", 9.52), vector("float16", 19.04)},
			MemoryBytes: 16 * gib, Bandwidth: 732 * gbs, L2Bytes: 4 * mib, TDP: 250, Idle: 32,
			Estimates: []string{EstimateIdle},
			Source:    "Tesla P100 PCIe product brief PB-08248 (the data sheet's 9.3 TFLOP/s are at 1303 MHz)",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/tesla-p100/pdf/nvidia-tesla-p100-PCIe-datasheet.pdf",
		},
		{
			ID: "p100-sxm2-16gb", Name: "Tesla P100-SXM2-16GB",
			Aliases:      []string{"p100-sxm2"},
			Architecture: "Pascal", ComputeCapability: "6.0", SMs: 56, CoresPerSM: 64,
			BaseClock: new(Hertz(1328 * mhz)), BoostClock: 1480 * mhz,
			Peaks:       []Peak{vector("float32", 10.6), vector("float16", 21.2)},
			MemoryBytes: 16 * gib, Bandwidth: 732 * gbs, L2Bytes: 4 * mib, TDP: 300, Idle: 35,
			Estimates: []string{EstimateIdle},
			Source:    "Pascal P100 white paper",
			Address:   "https://images.nvidia.com/content/pdf/tesla/whitepaper/pascal-architecture-whitepaper.pdf",
		},
	}
}

// volta lists compute capability 7.0: tensor cores for float16. White paper:
// https://images.nvidia.com/content/volta-architecture/pdf/volta-architecture-whitepaper.pdf
func volta() []Device {
	return []Device{
		{
			ID: "v100-pcie-16gb", Name: "Tesla V100-PCIE-16GB",
			Architecture: "Volta", ComputeCapability: "7.0", SMs: 80, CoresPerSM: 64,
			BaseClock: new(Hertz(1245 * mhz)), BoostClock: 1380 * mhz,
			Peaks:       []Peak{vector("float32", 14), vector("float16", 28), vector("int8", 56), tensor("float16", 112)},
			MemoryBytes: 16 * gib, Bandwidth: 900 * gbs, L2Bytes: 6 * mib, TDP: 250, Idle: 38,
			Estimates: []string{EstimateIdle, EstimatePeaks},
			Source:    "Tesla V100 data sheet; Volta V100 white paper",
			Address:   "https://images.nvidia.com/content/technologies/volta/pdf/volta-v100-datasheet-update-us-1165301-r5.pdf",
		},
		{
			ID: "v100-pcie-32gb", Name: "Tesla V100-PCIE-32GB",
			Architecture: "Volta", ComputeCapability: "7.0", SMs: 80, CoresPerSM: 64,
			BaseClock: new(Hertz(1230 * mhz)), BoostClock: 1380 * mhz,
			Peaks:       []Peak{vector("float32", 14), vector("float16", 28), vector("int8", 56), tensor("float16", 112)},
			MemoryBytes: 32 * gib, Bandwidth: 900 * gbs, L2Bytes: 6 * mib, TDP: 250, Idle: 38,
			Estimates: []string{EstimateIdle, EstimatePeaks},
			Source:    "Tesla V100 data sheet; Volta V100 white paper",
			Address:   "https://images.nvidia.com/content/technologies/volta/pdf/volta-v100-datasheet-update-us-1165301-r5.pdf",
		},
		{
			ID: "v100-sxm2-16gb", Name: "Tesla V100-SXM2-16GB",
			Architecture: "Volta", ComputeCapability: "7.0", SMs: 80, CoresPerSM: 64,
			BaseClock: new(Hertz(1312 * mhz)), BoostClock: 1530 * mhz,
			Peaks:       []Peak{vector("float32", 15.7), vector("float16", 31.4), vector("int8", 62.8), tensor("float16", 125)},
			MemoryBytes: 16 * gib, Bandwidth: 900 * gbs, L2Bytes: 6 * mib, TDP: 300, Idle: 42,
			Estimates: []string{EstimateIdle, EstimatePeaks},
			Source:    "Tesla V100 data sheet; Volta V100 white paper",
			Address:   "https://images.nvidia.com/content/technologies/volta/pdf/volta-v100-datasheet-update-us-1165301-r5.pdf",
		},
		{
			ID: "v100-sxm2-32gb", Name: "Tesla V100-SXM2-32GB",
			Architecture: "Volta", ComputeCapability: "7.0", SMs: 80, CoresPerSM: 64,
			BaseClock: new(Hertz(1290 * mhz)), BoostClock: 1530 * mhz,
			Peaks:       []Peak{vector("float32", 15.7), vector("float16", 31.4), vector("int8", 62.8), tensor("float16", 125)},
			MemoryBytes: 32 * gib, Bandwidth: 900 * gbs, L2Bytes: 6 * mib, TDP: 300, Idle: 42,
			Estimates: []string{EstimateIdle, EstimatePeaks},
			Source:    "Tesla V100 data sheet; Volta V100 white paper",
			Address:   "https://images.nvidia.com/content/technologies/volta/pdf/volta-v100-datasheet-update-us-1165301-r5.pdf",
		},
	}
}

// turing lists compute capability 7.5: tensor cores for float16 and int8. White paper:
// https://images.nvidia.com/aem-dam/en-zz/Solutions/design-visualization/technologies/turing-architecture/NVIDIA-Turing-Architecture-Whitepaper.pdf
func turing() []Device {
	return []Device{
		{
			ID: "t4", Name: "Tesla T4",
			Architecture: "Turing", ComputeCapability: "7.5", SMs: 40, CoresPerSM: 64,
			BaseClock: new(Hertz(585 * mhz)), BoostClock: 1590 * mhz,
			Peaks:       []Peak{vector("float32", 8.1), vector("float16", 16.2), tensor("float16", 65), tensor("int8", 130)},
			MemoryBytes: 16 * gib, Bandwidth: 320 * gbs, L2Bytes: 4 * mib, TDP: 70, Idle: 27,
			Estimates: []string{EstimateIdle},
			Source:    "Tesla T4 data sheet; Turing white paper",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/tesla-t4/t4-tensor-core-datasheet-951643.pdf",
		},
		{
			ID: "rtx-2080-ti", Name: "NVIDIA GeForce RTX 2080 Ti",
			Architecture: "Turing", ComputeCapability: "7.5", SMs: 68, CoresPerSM: 64,
			BaseClock: new(Hertz(1350 * mhz)), BoostClock: 1545 * mhz,
			Peaks:       []Peak{vector("float32", 13.45), vector("float16", 26.9), tensor("float16", 53.8), tensor("int8", 215.2)},
			MemoryBytes: 11 * gib, Bandwidth: 616 * gbs, L2Bytes: 5632 * kib, TDP: 250, Idle: 55,
			Estimates: []string{EstimateIdle},
			Source:    "Turing white paper (reference board)",
			Address:   "https://images.nvidia.com/aem-dam/en-zz/Solutions/design-visualization/technologies/turing-architecture/NVIDIA-Turing-Architecture-Whitepaper.pdf",
		},
		{
			ID: "titan-rtx", Name: "NVIDIA TITAN RTX",
			Architecture: "Turing", ComputeCapability: "7.5", SMs: 72, CoresPerSM: 64,
			BaseClock: new(Hertz(1350 * mhz)), BoostClock: 1770 * mhz,
			Peaks:       []Peak{vector("float32", 16.3), vector("float16", 32.6), tensor("float16", 130.5), tensor("int8", 261)},
			MemoryBytes: 24 * gib, Bandwidth: 672 * gbs, L2Bytes: 6 * mib, TDP: 280, Idle: 60,
			Estimates: []string{EstimateIdle},
			Source:    "TITAN RTX specifications; Turing white paper",
			Address:   "https://www.nvidia.com/en-us/titan/titan-rtx/",
		},
	}
}

// ampereDataCentre lists compute capability 8.0: tensor cores for TF32, float16, bfloat16 and int8. White paper:
// https://images.nvidia.com/aem-dam/en-zz/Solutions/data-center/nvidia-ampere-architecture-whitepaper.pdf
func ampereDataCentre() []Device {
	return []Device{
		{
			ID: "a100-pcie-40gb", Name: "NVIDIA A100-PCIE-40GB",
			Architecture: "Ampere", ComputeCapability: "8.0", SMs: 108, CoresPerSM: 64,
			BaseClock: new(Hertz(765 * mhz)), BoostClock: 1410 * mhz,
			Peaks: []Peak{
				vector("float32", 19.5), vector("float16", 78), vector("bfloat16", 39), tensor(TF32, 156),
				tensor("float16", 312), tensor("bfloat16", 312), tensor("int8", 624),
			},
			MemoryBytes: 40 * gib, Bandwidth: 1555 * gbs, L2Bytes: 40 * mib, TDP: 250, Idle: 45,
			Estimates: []string{EstimateIdle},
			Source:    "A100 data sheet; A100 white paper",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a100/pdf/nvidia-a100-datasheet-us-nvidia-1758950-r4-web.pdf",
		},
		{
			ID: "a100-pcie-80gb", Name: "NVIDIA A100 80GB PCIe",
			Architecture: "Ampere", ComputeCapability: "8.0", SMs: 108, CoresPerSM: 64,
			BaseClock: new(Hertz(1065 * mhz)), BoostClock: 1410 * mhz,
			Peaks: []Peak{
				vector("float32", 19.5), vector("float16", 78), vector("bfloat16", 39), tensor(TF32, 156),
				tensor("float16", 312), tensor("bfloat16", 312), tensor("int8", 624),
			},
			MemoryBytes: 80 * gib, Bandwidth: 1935 * gbs, L2Bytes: 40 * mib, TDP: 300, Idle: 65,
			Estimates: []string{EstimateIdle},
			Source:    "A100 data sheet; A100 white paper",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a100/pdf/nvidia-a100-datasheet-us-nvidia-1758950-r4-web.pdf",
		},
		{
			ID: "a100-sxm-40gb", Name: "NVIDIA A100-SXM4-40GB",
			Architecture: "Ampere", ComputeCapability: "8.0", SMs: 108, CoresPerSM: 64,
			BaseClock: new(Hertz(1095 * mhz)), BoostClock: 1410 * mhz,
			Peaks: []Peak{
				vector("float32", 19.5), vector("float16", 78), vector("bfloat16", 39), tensor(TF32, 156),
				tensor("float16", 312), tensor("bfloat16", 312), tensor("int8", 624),
			},
			MemoryBytes: 40 * gib, Bandwidth: 1555 * gbs, L2Bytes: 40 * mib, TDP: 400, Idle: 60,
			Estimates: []string{EstimateIdle},
			Source:    "A100 data sheet; A100 white paper",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a100/pdf/nvidia-a100-datasheet-us-nvidia-1758950-r4-web.pdf",
		},
		{
			ID: "a100-sxm-80gb", Name: "NVIDIA A100-SXM4-80GB",
			Architecture: "Ampere", ComputeCapability: "8.0", SMs: 108, CoresPerSM: 64,
			BaseClock: new(Hertz(1275 * mhz)), BoostClock: 1410 * mhz,
			Peaks: []Peak{
				vector("float32", 19.5), vector("float16", 78), vector("bfloat16", 39), tensor(TF32, 156),
				tensor("float16", 312), tensor("bfloat16", 312), tensor("int8", 624),
			},
			MemoryBytes: 80 * gib, Bandwidth: 2039 * gbs, L2Bytes: 40 * mib, TDP: 400, Idle: 65,
			Estimates: []string{EstimateIdle},
			Source:    "A100 data sheet; A100 white paper",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a100/pdf/nvidia-a100-datasheet-us-nvidia-1758950-r4-web.pdf",
		},
		{
			ID: "a30", Name: "NVIDIA A30",
			Architecture: "Ampere", ComputeCapability: "8.0", SMs: 56, CoresPerSM: 64,
			BaseClock: new(Hertz(930 * mhz)), BoostClock: 1440 * mhz,
			Peaks: []Peak{
				vector("float32", 10.3), vector("float16", 41.2), vector("bfloat16", 20.6), tensor(TF32, 82),
				tensor("float16", 165), tensor("bfloat16", 165), tensor("int8", 330),
			},
			MemoryBytes: 24 * gib, Bandwidth: 933 * gbs, L2Bytes: 24 * mib, TDP: 165, Idle: 40,
			Estimates: []string{EstimateIdle},
			Source:    "A30 data sheet",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/data-center/products/a30-gpu/pdf/a30-datasheet.pdf",
		},
	}
}

// ampereGraphics lists compute capability 8.6 and 8.7. White paper:
// https://images.nvidia.com/aem-dam/en-zz/Solutions/geforce/ampere/pdf/NVIDIA-ampere-GA102-GPU-Architecture-Whitepaper-V1.pdf
func ampereGraphics() []Device {
	return []Device{
		{
			ID: "a10", Name: "NVIDIA A10",
			Architecture: "Ampere", ComputeCapability: "8.6", SMs: 72, CoresPerSM: 128,
			BaseClock: new(Hertz(885 * mhz)), BoostClock: 1695 * mhz,
			Peaks: []Peak{
				vector("float32", 31.2), vector("float16", 31.2), vector("bfloat16", 31.2), tensor(TF32, 62.5),
				tensor("float16", 125), tensor("bfloat16", 125), tensor("int8", 250),
			},
			MemoryBytes: 24 * gib, Bandwidth: 600 * gbs, L2Bytes: 6 * mib, TDP: 150, Idle: 55,
			Estimates: []string{EstimateIdle},
			Source:    "A10 data sheet",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a10/pdf/a10-datasheet.pdf",
		},
		{
			ID: "a40", Name: "NVIDIA A40",
			Architecture: "Ampere", ComputeCapability: "8.6", SMs: 84, CoresPerSM: 128,
			BaseClock: new(Hertz(1305 * mhz)), BoostClock: 1740 * mhz,
			Peaks: []Peak{
				vector("float32", 37.4), vector("float16", 37.4), vector("bfloat16", 37.4), tensor(TF32, 74.8),
				tensor("float16", 149.7), tensor("bfloat16", 149.7), tensor("int8", 299.3),
			},
			MemoryBytes: 48 * gib, Bandwidth: 696 * gbs, L2Bytes: 6 * mib, TDP: 300, Idle: 75,
			Estimates: []string{EstimateIdle},
			Source:    "A40 data sheet; GA102 white paper",
			Address:   "https://images.nvidia.com/content/Solutions/data-center/a40/nvidia-a40-datasheet.pdf",
		},
		{
			ID: "rtx-3080", Name: "NVIDIA GeForce RTX 3080",
			Architecture: "Ampere", ComputeCapability: "8.6", SMs: 68, CoresPerSM: 128,
			BaseClock: new(Hertz(1440 * mhz)), BoostClock: 1710 * mhz,
			Peaks: []Peak{
				vector("float32", 29.8), vector("float16", 29.8), vector("bfloat16", 29.8), tensor(TF32, 29.8),
				tensor("float16", 59.5), tensor("bfloat16", 59.5), tensor("int8", 238),
			},
			MemoryBytes: 10 * gib, Bandwidth: 760 * gbs, L2Bytes: 5 * mib, TDP: 320, Idle: 85,
			Estimates: []string{EstimateIdle},
			Source:    "GA102 white paper (10 GB board)",
			Address:   "https://images.nvidia.com/aem-dam/en-zz/Solutions/geforce/ampere/pdf/NVIDIA-ampere-GA102-GPU-Architecture-Whitepaper-V1.pdf",
		},
		{
			ID: "rtx-3090", Name: "NVIDIA GeForce RTX 3090",
			Architecture: "Ampere", ComputeCapability: "8.6", SMs: 82, CoresPerSM: 128,
			BaseClock: new(Hertz(1395 * mhz)), BoostClock: 1695 * mhz,
			Peaks: []Peak{
				vector("float32", 35.6), vector("float16", 35.6), vector("bfloat16", 35.6), tensor(TF32, 35.6),
				tensor("float16", 71), tensor("bfloat16", 71), tensor("int8", 284),
			},
			MemoryBytes: 24 * gib, Bandwidth: 936 * gbs, L2Bytes: 6 * mib, TDP: 350, Idle: 105,
			Estimates: []string{EstimateIdle},
			Source:    "GA102 white paper",
			Address:   "https://images.nvidia.com/aem-dam/en-zz/Solutions/geforce/ampere/pdf/NVIDIA-ampere-GA102-GPU-Architecture-Whitepaper-V1.pdf",
		},
		{
			ID: "rtx-a6000", Name: "NVIDIA RTX A6000",
			Architecture: "Ampere", ComputeCapability: "8.6", SMs: 84, CoresPerSM: 128,
			BaseClock: new(Hertz(1410 * mhz)), BoostClock: 1800 * mhz,
			Peaks: []Peak{
				vector("float32", 38.7), vector("float16", 38.7), vector("bfloat16", 38.7), tensor(TF32, 77.4),
				tensor("float16", 154.8), tensor("bfloat16", 154.8), tensor("int8", 309.7),
			},
			MemoryBytes: 48 * gib, Bandwidth: 768 * gbs, L2Bytes: 6 * mib, TDP: 300, Idle: 75,
			Estimates: []string{EstimateIdle},
			Source:    "RTX A6000 data sheet; GA102 white paper",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/products/workstations/nvidia-rtx-a6000-datasheet.pdf",
		},
		{
			ID: "jetson-agx-orin", Name: "Orin",
			Aliases:      []string{"jetson-agx-orin-64gb", "jetson agx orin developer kit", "agx-orin"},
			Architecture: "Ampere", ComputeCapability: "8.7", SMs: 16, CoresPerSM: 128,
			BoostClock:  1300 * mhz,
			Peaks:       []Peak{vector("float32", 5.3), tensor("float16", 42.5), tensor("int8", 85)},
			MemoryBytes: 64 * gib, Bandwidth: 204.8 * gbs, L2Bytes: 4 * mib, TDP: 60, Idle: 10, IncludesHost: true,
			Estimates: []string{EstimateIdle, EstimatePeaks},
			Source:    "Jetson AGX Orin technical brief (64 GB module, power of the module)",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/gtcf21/jetson-orin/nvidia-jetson-agx-orin-technical-brief.pdf",
		},
	}
}

// ada lists compute capability 8.9: tensor cores also for 8-bit floating point. White paper:
// https://images.nvidia.com/aem-dam/Solutions/geforce/ada/nvidia-ada-gpu-architecture.pdf
func ada() []Device {
	return []Device{
		{
			ID: "rtx-4090", Name: "NVIDIA GeForce RTX 4090",
			Architecture: "Ada Lovelace", ComputeCapability: "8.9", SMs: 128, CoresPerSM: 128,
			BaseClock: new(Hertz(2235 * mhz)), BoostClock: 2520 * mhz,
			Peaks: []Peak{
				vector("float32", 82.6), vector("float16", 82.6), vector("bfloat16", 82.6), tensor(TF32, 82.6),
				tensor("float16", 165.2), tensor("bfloat16", 165.2), tensor(Float8, 330.3), tensor("int8", 660.6),
			},
			MemoryBytes: 24 * gib, Bandwidth: 1008 * gbs, L2Bytes: 72 * mib, TDP: 450, Idle: 60,
			Estimates: []string{EstimateIdle},
			Source:    "Ada white paper",
			Address:   "https://images.nvidia.com/aem-dam/Solutions/geforce/ada/nvidia-ada-gpu-architecture.pdf",
		},
		{
			ID: "rtx-6000-ada", Name: "NVIDIA RTX 6000 Ada Generation",
			Architecture: "Ada Lovelace", ComputeCapability: "8.9", SMs: 142, CoresPerSM: 128,
			BaseClock: new(Hertz(915 * mhz)), BoostClock: 2505 * mhz,
			Peaks: []Peak{
				vector("float32", 91.1), vector("float16", 91.1), vector("bfloat16", 91.1), tensor(TF32, 182.1),
				tensor("float16", 364.2), tensor("bfloat16", 364.2), tensor(Float8, 728.5), tensor("int8", 728.5),
			},
			MemoryBytes: 48 * gib, Bandwidth: 960 * gbs, L2Bytes: 96 * mib, TDP: 300, Idle: 70,
			Estimates: []string{EstimateIdle},
			Source:    "RTX 6000 Ada data sheet; Ada white paper",
			Address:   "https://www.nvidia.com/en-us/products/workstations/rtx-6000/",
		},
		{
			ID: "l4", Name: "NVIDIA L4",
			Architecture: "Ada Lovelace", ComputeCapability: "8.9", SMs: 58, CoresPerSM: 128,
			BaseClock: new(Hertz(795 * mhz)), BoostClock: 2040 * mhz,
			Peaks: []Peak{
				vector("float32", 30.3), vector("float16", 30.3), vector("bfloat16", 30.3), tensor(TF32, 60),
				tensor("float16", 121), tensor("bfloat16", 121), tensor(Float8, 242), tensor("int8", 242),
			},
			MemoryBytes: 24 * gib, Bandwidth: 300 * gbs, L2Bytes: 48 * mib, TDP: 72, Idle: 28,
			Estimates: []string{EstimateIdle},
			Source:    "L4 data sheet; Ada white paper",
			Address:   "https://www.nvidia.com/en-us/data-center/l4/",
		},
		{
			ID: "l40", Name: "NVIDIA L40",
			Architecture: "Ada Lovelace", ComputeCapability: "8.9", SMs: 142, CoresPerSM: 128,
			BaseClock: new(Hertz(735 * mhz)), BoostClock: 2490 * mhz,
			Peaks: []Peak{
				vector("float32", 90.5), vector("float16", 90.5), vector("bfloat16", 90.5), tensor(TF32, 90.5),
				tensor("float16", 181.05), tensor("bfloat16", 181.05), tensor(Float8, 362), tensor("int8", 362),
			},
			MemoryBytes: 48 * gib, Bandwidth: 864 * gbs, L2Bytes: 96 * mib, TDP: 300, Idle: 75,
			Estimates: []string{EstimateIdle},
			Source:    "L40 data sheet; Ada white paper",
			Address:   "https://images.nvidia.com/content/Solutions/data-center/vgpu-L40-datasheet.pdf",
		},
		{
			ID: "l40s", Name: "NVIDIA L40S",
			Architecture: "Ada Lovelace", ComputeCapability: "8.9", SMs: 142, CoresPerSM: 128,
			BaseClock: new(Hertz(1110 * mhz)), BoostClock: 2520 * mhz,
			Peaks: []Peak{
				vector("float32", 91.6), vector("float16", 91.6), vector("bfloat16", 91.6), tensor(TF32, 183),
				tensor("float16", 362.05), tensor("bfloat16", 362.05), tensor(Float8, 733), tensor("int8", 733),
			},
			MemoryBytes: 48 * gib, Bandwidth: 864 * gbs, L2Bytes: 96 * mib, TDP: 350, Idle: 80,
			Estimates: []string{EstimateIdle},
			Source:    "L40S data sheet",
			Address:   "https://www.nvidia.com/en-us/data-center/l40s/",
		},
	}
}

// hopper lists compute capability 9.0. White paper:
// https://resources.nvidia.com/en-us-tensor-core/gtc22-whitepaper-hopper
// It computes the peaks on tensor cores at a lower clock than the boost clock: 1830 MHz for SXM, 1620 MHz for PCIe.
func hopper() []Device {
	return []Device{
		{
			ID: "h100-pcie", Name: "NVIDIA H100 PCIe",
			Aliases:      []string{"h100-pcie-80gb"},
			Architecture: "Hopper", ComputeCapability: "9.0", SMs: 114, CoresPerSM: 128,
			BaseClock: new(Hertz(1095 * mhz)), BoostClock: 1755 * mhz,
			Peaks: []Peak{
				vector("float32", 51.2), vector("float16", 102.4), vector("bfloat16", 102.4), tensor(TF32, 378),
				tensor("float16", 756), tensor("bfloat16", 756), tensor(Float8, 1513), tensor("int8", 1513),
			},
			MemoryBytes: 80 * gib, Bandwidth: 2039 * gbs, L2Bytes: 50 * mib, TDP: 350, Idle: 65,
			Estimates: []string{EstimateIdle},
			Source:    "H100 data sheet; H100 white paper",
			Address:   "https://resources.nvidia.com/en-us-gpu-resources/h100-datasheet-24306",
		},
		{
			ID: "h100-sxm", Name: "NVIDIA H100 80GB HBM3",
			Aliases:      []string{"h100", "h100-sxm5", "h100-sxm-80gb"},
			Architecture: "Hopper", ComputeCapability: "9.0", SMs: 132, CoresPerSM: 128,
			BoostClock: 1980 * mhz,
			Peaks: []Peak{
				vector("float32", 66.9), vector("float16", 133.8), vector("bfloat16", 133.8), tensor(TF32, 494.7),
				tensor("float16", 989.4), tensor("bfloat16", 989.4), tensor(Float8, 1978.9), tensor("int8", 1978.9),
			},
			MemoryBytes: 80 * gib, Bandwidth: 3352 * gbs, L2Bytes: 50 * mib, TDP: 700, Idle: 110,
			Estimates: []string{EstimateIdle},
			Source:    "H100 data sheet; H100 white paper",
			Address:   "https://resources.nvidia.com/en-us-gpu-resources/h100-datasheet-24306",
		},
		{
			ID: "h200-sxm", Name: "NVIDIA H200",
			Aliases:      []string{"h200-sxm5", "h200-sxm-141gb"},
			Architecture: "Hopper", ComputeCapability: "9.0", SMs: 132, CoresPerSM: 128,
			BoostClock: 1980 * mhz,
			Peaks: []Peak{
				vector("float32", 66.9), vector("float16", 133.8), vector("bfloat16", 133.8), tensor(TF32, 494.7),
				tensor("float16", 989.4), tensor("bfloat16", 989.4), tensor(Float8, 1978.9), tensor("int8", 1978.9),
			},
			MemoryBytes: 141 * gib, Bandwidth: 4800 * gbs, L2Bytes: 60 * mib, TDP: 700, Idle: 115,
			Estimates: []string{EstimateIdle, EstimateL2},
			Source:    "H200 data sheet; L2 cache as its driver reports it",
			Address:   "https://www.nvidia.com/en-us/data-center/h200/",
		},
		{
			ID: "gh200", Name: "NVIDIA GH200 480GB",
			Aliases:      []string{"gh200-96gb"},
			Architecture: "Hopper", ComputeCapability: "9.0", SMs: 132, CoresPerSM: 128,
			BoostClock: 1980 * mhz,
			Peaks: []Peak{
				vector("float32", 66.9), vector("float16", 133.8), vector("bfloat16", 133.8), tensor(TF32, 494.7),
				tensor("float16", 989.4), tensor("bfloat16", 989.4), tensor(Float8, 1978.9), tensor("int8", 1978.9),
			},
			MemoryBytes: 96 * gib, Bandwidth: 4000 * gbs, L2Bytes: 60 * mib, TDP: 1000, Idle: 130, IncludesHost: true,
			Estimates: []string{EstimateIdle, EstimateL2, EstimateTDP},
			Source:    "GH200 data sheet (96 GB HBM3; power of the module, CPU and GPU, at its highest setting)",
			Address:   "https://resources.nvidia.com/en-us-data-center-overview/grace-hopper-superchip-datasheet-partner",
		},
	}
}

// blackwell lists compute capability 10.0 and 12.0: tensor cores also for 4-bit floating point. Tuning guide:
// https://docs.nvidia.com/cuda/blackwell-tuning-guide/
func blackwell() []Device {
	return []Device{
		{
			ID: "b200-sxm", Name: "NVIDIA B200",
			Aliases:      []string{"b200-sxm6", "b200-sxm-180gb"},
			Architecture: "Blackwell", ComputeCapability: "10.0", SMs: 148, CoresPerSM: 128,
			BoostClock: 1965 * mhz,
			Peaks: []Peak{
				vector("float32", 75), vector("float16", 150), vector("bfloat16", 150), tensor(TF32, 1125),
				tensor("float16", 2250), tensor("bfloat16", 2250), tensor(Float8, 4500), tensor("int8", 4500),
				tensor(Float4, 9000),
			},
			MemoryBytes: 180 * gib, Bandwidth: 7700 * gbs, L2Bytes: 126 * mib, TDP: 1000, Idle: 150,
			Estimates: []string{EstimateIdle, EstimatePeaks},
			Source:    "HGX B200 data sheet, per GPU; Blackwell tuning guide",
			Address:   "https://www.nvidia.com/en-us/data-center/hgx/",
		},
		{
			ID: "rtx-5090", Name: "NVIDIA GeForce RTX 5090",
			Architecture: "Blackwell", ComputeCapability: "12.0", SMs: 170, CoresPerSM: 128,
			BaseClock: new(Hertz(2017 * mhz)), BoostClock: 2407 * mhz,
			Peaks: []Peak{
				vector("float32", 104.8), vector("float16", 104.8), vector("bfloat16", 104.8), tensor(TF32, 104.8),
				tensor("float16", 209.5), tensor("bfloat16", 209.5), tensor(Float8, 419), tensor("int8", 838),
				tensor(Float4, 1676),
			},
			MemoryBytes: 32 * gib, Bandwidth: 1792 * gbs, L2Bytes: 96 * mib, TDP: 575, Idle: 70,
			Estimates: []string{EstimateIdle},
			Source:    "RTX Blackwell white paper",
			Address:   "https://images.nvidia.com/aem-dam/Solutions/geforce/blackwell/nvidia-rtx-blackwell-gpu-architecture.pdf",
		},
		{
			ID: "rtx-pro-6000-blackwell", Name: "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
			Architecture: "Blackwell", ComputeCapability: "12.0", SMs: 188, CoresPerSM: 128,
			BaseClock: new(Hertz(1590 * mhz)), BoostClock: 2617 * mhz,
			Peaks: []Peak{
				vector("float32", 126), vector("float16", 126), vector("bfloat16", 126), tensor(TF32, 251.9),
				tensor("float16", 503.8), tensor("bfloat16", 503.8), tensor(Float8, 1007.6), tensor("int8", 1007.6),
				tensor(Float4, 2015.2),
			},
			MemoryBytes: 96 * gib, Bandwidth: 1792 * gbs, L2Bytes: 128 * mib, TDP: 600, Idle: 80,
			Estimates: []string{EstimateIdle},
			Source:    "RTX Blackwell PRO white paper",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/design-visualization/quadro-product-literature/NVIDIA-RTX-Blackwell-PRO-GPU-Architecture-v1.0.pdf",
		},
	}
}
