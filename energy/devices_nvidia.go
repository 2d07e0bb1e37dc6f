package energy

import (
	"cmp"
	"slices"
)

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
// Idle powers are nowhere published: all are estimates for a board in its fastest performance state. Neither are Awake and
// Busy: Awake of the B300, GB200 and H200 is the lowest that boards were read at, that of the other chips is what fits the
// power of their kernels. Boards of a chip share them.
func nvidia() []Device {
	return slices.Concat(pascal(), volta(), turing(), ampereDataCentre(), ampereGraphics(), ada(), hopper(), blackwell())
}

// boards fills in what rows of the table leave out: there, boards are like the chip. Its estimates are theirs too, and idle
// power is one everywhere.
func boards(chip Device, rows []Device) []Device {
	for i := range rows {
		d := &rows[i]
		d.Architecture = cmp.Or(d.Architecture, chip.Architecture)
		d.ComputeCapability = cmp.Or(d.ComputeCapability, chip.ComputeCapability)
		d.SMs, d.CoresPerSM = cmp.Or(d.SMs, chip.SMs), cmp.Or(d.CoresPerSM, chip.CoresPerSM)
		d.BoostClock, d.L2Bytes = cmp.Or(d.BoostClock, chip.BoostClock), cmp.Or(d.L2Bytes, chip.L2Bytes)
		d.MemoryBytes, d.Bandwidth = cmp.Or(d.MemoryBytes, chip.MemoryBytes), cmp.Or(d.Bandwidth, chip.Bandwidth)
		d.Process, d.MemoryKind = cmp.Or(d.Process, chip.Process), cmp.Or(d.MemoryKind, chip.MemoryKind)
		d.Awake, d.Busy = cmp.Or(d.Awake, chip.Awake), cmp.Or(d.Busy, chip.Busy)
		d.Source, d.Address = cmp.Or(d.Source, chip.Source), cmp.Or(d.Address, chip.Address)
		if d.Peaks == nil {
			d.Peaks = slices.Clone(chip.Peaks)
		}
		d.Estimates = slices.Concat([]string{EstimateIdle}, chip.Estimates, d.Estimates)
	}
	return rows
}

// rates are peaks of a device that has tensor cores for TF32, in TFLOP/s: float32 is without them, all else on them. What
// is zero the device has not.
type rates struct{ float32, tf32, half, float8, int8, float4 float64 }

// peaks lists the rates. That of half is both 16-bit types'; without tensor cores, these are so many times float32's.
func (r rates) peaks(float16, bfloat16 float64) []Peak {
	all := []Peak{
		vector("float32", r.float32), vector("float16", float16*r.float32), vector("bfloat16", bfloat16*r.float32),
		tensor(TF32, r.tf32), tensor("float16", r.half), tensor("bfloat16", r.half),
		tensor(Float8, r.float8), tensor("int8", r.int8), tensor(Float4, r.float4),
	}
	return slices.DeleteFunc(all, func(p Peak) bool { return p.Rate == 0 })
}

// clock is a clock in MHz.
func clock(megahertz float64) *Hertz { return new(Hertz(megahertz * mhz)) }

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
	return slices.Concat(boards(Device{
		Architecture: "Pascal", ComputeCapability: "6.1", CoresPerSM: 128,
		Process: "TSMC 16FF", MemoryKind: "GDDR5",
		Estimates: []string{EstimatePeaks},
	}, []Device{
		{
			ID: "gtx-1070", Name: "NVIDIA GeForce GTX 1070", SMs: 15, BaseClock: clock(1506), BoostClock: 1683 * mhz,
			MemoryBytes: 8 * gib, Bandwidth: 256 * gbs, L2Bytes: 2 * mib, TDP: 150, Idle: 28,
			Peaks:   []Peak{vector("float32", 6.463), vector("float16", 0.101), vector("int8", 25.85)},
			Source:  "GeForce GTX 1070 specifications; GeForce GTX 1080 white paper",
			Address: "https://www.geforce.com/hardware/desktop-gpus/geforce-gtx-1070/specifications",
		},
		{
			ID: "gtx-1080", Name: "NVIDIA GeForce GTX 1080", SMs: 20, BaseClock: clock(1607), BoostClock: 1733 * mhz,
			MemoryKind:  "GDDR5X",
			MemoryBytes: 8 * gib, Bandwidth: 320 * gbs, L2Bytes: 2 * mib, TDP: 180, Idle: 32,
			Peaks:   []Peak{vector("float32", 8.873), vector("float16", 0.1386), vector("int8", 35.49)},
			Source:  "GeForce GTX 1080 white paper",
			Address: "https://international.download.nvidia.com/geforce-com/international/pdfs/GeForce_GTX_1080_Whitepaper_FINAL.pdf",
		},
		{
			ID: "gtx-1080-ti", Name: "NVIDIA GeForce GTX 1080 Ti", SMs: 28, BaseClock: clock(1480), BoostClock: 1582 * mhz,
			MemoryKind:  "GDDR5X",
			MemoryBytes: 11 * gib, Bandwidth: 484 * gbs, L2Bytes: 2816 * kib, TDP: 250, Idle: 42,
			Peaks:   []Peak{vector("float32", 11.34), vector("float16", 0.1772), vector("int8", 45.36)},
			Source:  "GeForce GTX 1080 Ti specifications",
			Address: "https://www.geforce.com/hardware/desktop-gpus/geforce-gtx-1080-ti/specifications",
		},
		{
			ID: "p4", Name: "Tesla P4", SMs: 20, BaseClock: clock(886), BoostClock: 1113 * mhz,
			MemoryBytes: 8 * gib, Bandwidth: 192 * gbs, L2Bytes: 2 * mib, TDP: 75, Idle: 23,
			Peaks:   []Peak{vector("float32", 5.7), vector("float16", 0.089), vector("int8", 22.8)},
			Source:  "Tesla P4 data sheet; peaks at the highest boost clock (the data sheet's 5.5 TFLOP/s are at 1074 MHz)",
			Address: "https://images.nvidia.com/content/pdf/tesla/184457-Tesla-P4-Datasheet-NV-Final-Letter-Web.pdf",
		},
		{
			ID: "p40", Name: "Tesla P40", SMs: 30, BaseClock: clock(1303), BoostClock: 1531 * mhz,
			MemoryBytes: 24 * gib, Bandwidth: 346 * gbs, L2Bytes: 3 * mib, TDP: 250, Idle: 50,
			Peaks:   []Peak{vector("float32", 11.76), vector("float16", 0.184), vector("int8", 47)},
			Source:  "Tesla P40 data sheet",
			Address: "https://images.nvidia.com/content/pdf/tesla/184427-Tesla-P40-Datasheet-NV-Final-Letter-Web.pdf",
		},
	}), boards(Device{
		Architecture: "Pascal", ComputeCapability: "6.0", SMs: 56, CoresPerSM: 64,
		Process: "TSMC 16FF", MemoryKind: "HBM2",
		MemoryBytes: 16 * gib, Bandwidth: 732 * gbs, L2Bytes: 4 * mib,
	}, []Device{
		{
			ID: "p100-pcie-16gb", Name: "Tesla P100-PCIE-16GB", Aliases: []string{"p100-pcie"}, BaseClock: clock(1189),
			BoostClock: 1328 * mhz,
			TDP:        250, Idle: 32,
			Peaks:   []Peak{vector("float32", 9.52), vector("float16", 19.04)},
			Source:  "Tesla P100 PCIe product brief PB-08248 (the data sheet's 9.3 TFLOP/s are at 1303 MHz)",
			Address: "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/tesla-p100/pdf/nvidia-tesla-p100-PCIe-datasheet.pdf",
		},
		{
			ID: "p100-sxm2-16gb", Name: "Tesla P100-SXM2-16GB", Aliases: []string{"p100-sxm2"}, BaseClock: clock(1328),
			BoostClock: 1480 * mhz,
			TDP:        300, Idle: 35,
			Peaks:   []Peak{vector("float32", 10.6), vector("float16", 21.2)},
			Source:  "Pascal P100 white paper",
			Address: "https://images.nvidia.com/content/pdf/tesla/whitepaper/pascal-architecture-whitepaper.pdf",
		},
	}))
}

// volta lists compute capability 7.0: tensor cores for float16. White paper:
// https://images.nvidia.com/content/volta-architecture/pdf/volta-architecture-whitepaper.pdf
func volta() []Device {
	return boards(Device{
		Architecture: "Volta", ComputeCapability: "7.0", SMs: 80, CoresPerSM: 64, BoostClock: 1530 * mhz,
		Process: "TSMC 12FFN", MemoryKind: "HBM2",
		Bandwidth: 900 * gbs, L2Bytes: 6 * mib,
		Peaks:     []Peak{vector("float32", 15.7), vector("float16", 31.4), vector("int8", 62.8), tensor("float16", 125)},
		Estimates: []string{EstimatePeaks},
		Source:    "Tesla V100 data sheet; Volta V100 white paper",
		Address:   "https://images.nvidia.com/content/technologies/volta/pdf/volta-v100-datasheet-update-us-1165301-r5.pdf",
	}, []Device{
		{
			ID: "v100-sxm2-16gb", Name: "Tesla V100-SXM2-16GB", BaseClock: clock(1312),
			MemoryBytes: 16 * gib, TDP: 300, Idle: 42,
		},
		{
			ID: "v100-sxm2-32gb", Name: "Tesla V100-SXM2-32GB", BaseClock: clock(1290),
			MemoryBytes: 32 * gib, TDP: 300, Idle: 42,
		},
		{
			ID: "v100-pcie-16gb", Name: "Tesla V100-PCIE-16GB", BaseClock: clock(1245), BoostClock: 1380 * mhz,
			MemoryBytes: 16 * gib, TDP: 250, Idle: 38,
			Peaks: []Peak{vector("float32", 14), vector("float16", 28), vector("int8", 56), tensor("float16", 112)},
		},
		{
			ID: "v100-pcie-32gb", Name: "Tesla V100-PCIE-32GB", BaseClock: clock(1230), BoostClock: 1380 * mhz,
			MemoryBytes: 32 * gib, TDP: 250, Idle: 38,
			Peaks: []Peak{vector("float32", 14), vector("float16", 28), vector("int8", 56), tensor("float16", 112)},
		},
	})
}

// turing lists compute capability 7.5: tensor cores for float16 and int8. White paper:
// https://images.nvidia.com/aem-dam/en-zz/Solutions/design-visualization/technologies/turing-architecture/NVIDIA-Turing-Architecture-Whitepaper.pdf
func turing() []Device {
	return boards(Device{
		Architecture: "Turing", ComputeCapability: "7.5", CoresPerSM: 64, Process: "TSMC 12FFN", MemoryKind: "GDDR6",
	}, []Device{
		{
			ID: "t4", Name: "Tesla T4", SMs: 40, BaseClock: clock(585), BoostClock: 1590 * mhz,
			MemoryBytes: 16 * gib, Bandwidth: 320 * gbs, L2Bytes: 4 * mib, TDP: 70, Idle: 27,
			Peaks:   []Peak{vector("float32", 8.1), vector("float16", 16.2), tensor("float16", 65), tensor("int8", 130)},
			Source:  "Tesla T4 data sheet; Turing white paper",
			Address: "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/tesla-t4/t4-tensor-core-datasheet-951643.pdf",
		},
		{
			ID: "rtx-2080-ti", Name: "NVIDIA GeForce RTX 2080 Ti", SMs: 68, BaseClock: clock(1350), BoostClock: 1545 * mhz,
			MemoryBytes: 11 * gib, Bandwidth: 616 * gbs, L2Bytes: 5632 * kib, TDP: 250, Idle: 55,
			Peaks:   []Peak{vector("float32", 13.45), vector("float16", 26.9), tensor("float16", 53.8), tensor("int8", 215.2)},
			Source:  "Turing white paper (reference board)",
			Address: "https://images.nvidia.com/aem-dam/en-zz/Solutions/design-visualization/technologies/turing-architecture/NVIDIA-Turing-Architecture-Whitepaper.pdf",
		},
		{
			ID: "titan-rtx", Name: "NVIDIA TITAN RTX", SMs: 72, BaseClock: clock(1350), BoostClock: 1770 * mhz,
			MemoryBytes: 24 * gib, Bandwidth: 672 * gbs, L2Bytes: 6 * mib, TDP: 280, Idle: 60,
			Peaks:   []Peak{vector("float32", 16.3), vector("float16", 32.6), tensor("float16", 130.5), tensor("int8", 261)},
			Source:  "TITAN RTX specifications; Turing white paper",
			Address: "https://www.nvidia.com/en-us/titan/titan-rtx/",
		},
	})
}

// ampereDataCentre lists compute capability 8.0: tensor cores for TF32, float16, bfloat16 and int8. White paper:
// https://images.nvidia.com/aem-dam/en-zz/Solutions/data-center/nvidia-ampere-architecture-whitepaper.pdf
func ampereDataCentre() []Device {
	return boards(Device{
		Architecture: "Ampere", ComputeCapability: "8.0", SMs: 108, CoresPerSM: 64, BoostClock: 1410 * mhz,
		Process: "TSMC N7", MemoryKind: "HBM2e", Awake: 63, Busy: 20, Estimates: []string{EstimateAwake, EstimateBusy},
		L2Bytes: 40 * mib,
		Peaks:   rates{float32: 19.5, tf32: 156, half: 312, int8: 624}.peaks(4, 2),
		Source:  "A100 data sheet; A100 white paper",
		Address: "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a100/pdf/nvidia-a100-datasheet-us-nvidia-1758950-r4-web.pdf",
	}, []Device{
		{
			ID: "a100-pcie-40gb", Name: "NVIDIA A100-PCIE-40GB", BaseClock: clock(765),
			MemoryKind:  "HBM2",
			MemoryBytes: 40 * gib, Bandwidth: 1555 * gbs, TDP: 250, Idle: 45,
		},
		{
			ID: "a100-pcie-80gb", Name: "NVIDIA A100 80GB PCIe", BaseClock: clock(1065),
			MemoryBytes: 80 * gib, Bandwidth: 1935 * gbs, TDP: 300, Idle: 65,
		},
		{
			ID: "a100-sxm-40gb", Name: "NVIDIA A100-SXM4-40GB", BaseClock: clock(1095),
			MemoryKind:  "HBM2",
			MemoryBytes: 40 * gib, Bandwidth: 1555 * gbs, TDP: 400, Idle: 60,
		},
		{
			ID: "a100-sxm-80gb", Name: "NVIDIA A100-SXM4-80GB", BaseClock: clock(1275),
			MemoryBytes: 80 * gib, Bandwidth: 2039 * gbs, TDP: 400, Idle: 65,
		},
		{
			ID: "a30", Name: "NVIDIA A30", SMs: 56, BaseClock: clock(930), BoostClock: 1440 * mhz,
			MemoryKind:  "HBM2",
			MemoryBytes: 24 * gib, Bandwidth: 933 * gbs, L2Bytes: 24 * mib, TDP: 165, Idle: 40,
			Peaks:   rates{float32: 10.3, tf32: 82, half: 165, int8: 330}.peaks(4, 2),
			Source:  "A30 data sheet",
			Address: "https://www.nvidia.com/content/dam/en-zz/Solutions/data-center/products/a30-gpu/pdf/a30-datasheet.pdf",
		},
	})
}

// ampereGraphics lists compute capability 8.6 and 8.7. White paper:
// https://images.nvidia.com/aem-dam/en-zz/Solutions/geforce/ampere/pdf/NVIDIA-ampere-GA102-GPU-Architecture-Whitepaper-V1.pdf
func ampereGraphics() []Device {
	return boards(Device{
		Architecture: "Ampere", ComputeCapability: "8.6", CoresPerSM: 128, Process: "Samsung 8N", MemoryKind: "GDDR6",
	}, []Device{
		{
			ID: "a10", Name: "NVIDIA A10", SMs: 72, BaseClock: clock(885), BoostClock: 1695 * mhz,
			MemoryBytes: 24 * gib, Bandwidth: 600 * gbs, L2Bytes: 6 * mib, TDP: 150, Idle: 55,
			Peaks:   rates{float32: 31.2, tf32: 62.5, half: 125, int8: 250}.peaks(1, 1),
			Source:  "A10 data sheet",
			Address: "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a10/pdf/a10-datasheet.pdf",
		},
		{
			ID: "a40", Name: "NVIDIA A40", SMs: 84, BaseClock: clock(1305), BoostClock: 1740 * mhz,
			MemoryBytes: 48 * gib, Bandwidth: 696 * gbs, L2Bytes: 6 * mib, TDP: 300, Idle: 75,
			Peaks:   rates{float32: 37.4, tf32: 74.8, half: 149.7, int8: 299.3}.peaks(1, 1),
			Source:  "A40 data sheet; GA102 white paper",
			Address: "https://images.nvidia.com/content/Solutions/data-center/a40/nvidia-a40-datasheet.pdf",
		},
		{
			ID: "rtx-3080", Name: "NVIDIA GeForce RTX 3080", SMs: 68, BaseClock: clock(1440), BoostClock: 1710 * mhz,
			MemoryKind:  "GDDR6X",
			MemoryBytes: 10 * gib, Bandwidth: 760 * gbs, L2Bytes: 5 * mib, TDP: 320, Idle: 85,
			Peaks:   rates{float32: 29.8, tf32: 29.8, half: 59.5, int8: 238}.peaks(1, 1),
			Source:  "GA102 white paper (10 GB board)",
			Address: "https://images.nvidia.com/aem-dam/en-zz/Solutions/geforce/ampere/pdf/NVIDIA-ampere-GA102-GPU-Architecture-Whitepaper-V1.pdf",
		},
		{
			ID: "rtx-3090", Name: "NVIDIA GeForce RTX 3090", SMs: 82, BaseClock: clock(1395), BoostClock: 1695 * mhz,
			MemoryKind:  "GDDR6X",
			MemoryBytes: 24 * gib, Bandwidth: 936 * gbs, L2Bytes: 6 * mib, TDP: 350, Idle: 105,
			Peaks:   rates{float32: 35.6, tf32: 35.6, half: 71, int8: 284}.peaks(1, 1),
			Source:  "GA102 white paper",
			Address: "https://images.nvidia.com/aem-dam/en-zz/Solutions/geforce/ampere/pdf/NVIDIA-ampere-GA102-GPU-Architecture-Whitepaper-V1.pdf",
		},
		{
			ID: "rtx-a6000", Name: "NVIDIA RTX A6000", SMs: 84, BaseClock: clock(1410), BoostClock: 1800 * mhz,
			MemoryBytes: 48 * gib, Bandwidth: 768 * gbs, L2Bytes: 6 * mib, TDP: 300, Idle: 75,
			Peaks:   rates{float32: 38.7, tf32: 77.4, half: 154.8, int8: 309.7}.peaks(1, 1),
			Source:  "RTX A6000 data sheet; GA102 white paper",
			Address: "https://www.nvidia.com/content/dam/en-zz/Solutions/products/workstations/nvidia-rtx-a6000-datasheet.pdf",
		},
		{
			ID: "jetson-agx-orin", Name: "Orin",
			MemoryKind:        "LPDDR5",
			Aliases:           []string{"jetson-agx-orin-64gb", "jetson agx orin developer kit", "agx-orin"},
			ComputeCapability: "8.7", SMs: 16, BoostClock: 1300 * mhz,
			MemoryBytes: 64 * gib, Bandwidth: 204.8 * gbs, L2Bytes: 4 * mib, TDP: 60, Idle: 10, IncludesHost: true,
			Peaks:     []Peak{vector("float32", 5.3), tensor("float16", 42.5), tensor("int8", 85)},
			Estimates: []string{EstimatePeaks},
			Source:    "Jetson AGX Orin technical brief (64 GB module, power of the module)",
			Address:   "https://www.nvidia.com/content/dam/en-zz/Solutions/gtcf21/jetson-orin/nvidia-jetson-agx-orin-technical-brief.pdf",
		},
	})
}

// ada lists compute capability 8.9: tensor cores also for 8-bit floating point. White paper:
// https://images.nvidia.com/aem-dam/Solutions/geforce/ada/nvidia-ada-gpu-architecture.pdf
func ada() []Device {
	return boards(Device{
		Architecture: "Ada Lovelace", ComputeCapability: "8.9", CoresPerSM: 128, Process: "TSMC 4N", MemoryKind: "GDDR6",
	}, []Device{
		{
			ID: "rtx-4090", Name: "NVIDIA GeForce RTX 4090", SMs: 128, BaseClock: clock(2235), BoostClock: 2520 * mhz,
			MemoryKind:  "GDDR6X",
			MemoryBytes: 24 * gib, Bandwidth: 1008 * gbs, L2Bytes: 72 * mib, TDP: 450, Idle: 60,
			Peaks:   rates{float32: 82.6, tf32: 82.6, half: 165.2, float8: 330.3, int8: 660.6}.peaks(1, 1),
			Source:  "Ada white paper",
			Address: "https://images.nvidia.com/aem-dam/Solutions/geforce/ada/nvidia-ada-gpu-architecture.pdf",
		},
		{
			ID: "rtx-6000-ada", Name: "NVIDIA RTX 6000 Ada Generation", SMs: 142, BaseClock: clock(915), BoostClock: 2505 * mhz,
			MemoryBytes: 48 * gib, Bandwidth: 960 * gbs, L2Bytes: 96 * mib, TDP: 300, Idle: 70,
			Peaks:   rates{float32: 91.1, tf32: 182.1, half: 364.2, float8: 728.5, int8: 728.5}.peaks(1, 1),
			Source:  "RTX 6000 Ada data sheet; Ada white paper",
			Address: "https://www.nvidia.com/en-us/products/workstations/rtx-6000/",
		},
		{
			ID: "l4", Name: "NVIDIA L4", SMs: 58, BaseClock: clock(795), BoostClock: 2040 * mhz,
			MemoryBytes: 24 * gib, Bandwidth: 300 * gbs, L2Bytes: 48 * mib, TDP: 72, Idle: 28,
			Peaks:   rates{float32: 30.3, tf32: 60, half: 121, float8: 242, int8: 242}.peaks(1, 1),
			Source:  "L4 data sheet; Ada white paper",
			Address: "https://www.nvidia.com/en-us/data-center/l4/",
		},
		{
			ID: "l40", Name: "NVIDIA L40", SMs: 142, BaseClock: clock(735), BoostClock: 2490 * mhz,
			MemoryBytes: 48 * gib, Bandwidth: 864 * gbs, L2Bytes: 96 * mib, TDP: 300, Idle: 75,
			Peaks:   rates{float32: 90.5, tf32: 90.5, half: 181.05, float8: 362, int8: 362}.peaks(1, 1),
			Source:  "L40 data sheet; Ada white paper",
			Address: "https://images.nvidia.com/content/Solutions/data-center/vgpu-L40-datasheet.pdf",
		},
		{
			ID: "l40s", Name: "NVIDIA L40S", SMs: 142, BaseClock: clock(1110), BoostClock: 2520 * mhz,
			MemoryBytes: 48 * gib, Bandwidth: 864 * gbs, L2Bytes: 96 * mib, TDP: 350, Idle: 80,
			Peaks:   rates{float32: 91.6, tf32: 183, half: 362.05, float8: 733, int8: 733}.peaks(1, 1),
			Source:  "L40S data sheet",
			Address: "https://www.nvidia.com/en-us/data-center/l40s/",
		},
	})
}

// hopper lists compute capability 9.0. White paper:
// https://resources.nvidia.com/en-us-tensor-core/gtc22-whitepaper-hopper
// It computes the peaks on tensor cores at a lower clock than the boost clock: 1830 MHz for SXM, 1620 MHz for PCIe.
func hopper() []Device {
	return boards(Device{
		Architecture: "Hopper", ComputeCapability: "9.0", SMs: 132, CoresPerSM: 128, BoostClock: 1980 * mhz,
		Process: "TSMC 4N", MemoryKind: "HBM3", Awake: 120, Busy: 210, Estimates: []string{EstimateBusy},
		Peaks: rates{float32: 66.9, tf32: 494.7, half: 989.4, float8: 1978.9, int8: 1978.9}.peaks(2, 2),
	}, []Device{
		{
			ID: "h100-sxm", Name: "NVIDIA H100 80GB HBM3", Aliases: []string{"h100", "h100-sxm5", "h100-sxm-80gb"},
			MemoryBytes: 80 * gib, Bandwidth: 3352 * gbs, L2Bytes: 50 * mib, TDP: 700, Idle: 110,
			Estimates: []string{EstimateAwake},
			Source:    "H100 data sheet; H100 white paper",
			Address:   "https://resources.nvidia.com/en-us-gpu-resources/h100-datasheet-24306",
		},
		{
			ID: "h200-sxm", Name: "NVIDIA H200", Aliases: []string{"h200-sxm5", "h200-sxm-141gb"},
			MemoryKind: "HBM3e", Awake: 130,
			MemoryBytes: 141 * gib, Bandwidth: 4800 * gbs, L2Bytes: 60 * mib, TDP: 700, Idle: 115,
			Estimates: []string{EstimateL2},
			Source:    "H200 data sheet; L2 cache as its driver reports it",
			Address:   "https://www.nvidia.com/en-us/data-center/h200/",
		},
		{
			ID: "gh200", Name: "NVIDIA GH200 480GB", Aliases: []string{"gh200-96gb"},
			MemoryBytes: 96 * gib, Bandwidth: 4000 * gbs, L2Bytes: 60 * mib, TDP: 700, Idle: 115,
			Estimates: []string{EstimateL2, EstimateTDP, EstimateAwake},
			Source:    "GH200 data sheet (96 GB HBM3); of the module's 1000 W, which CPU and GPU share, the GPU is given the H100's 700 W",
			Address:   "https://resources.nvidia.com/en-us-data-center-overview/grace-hopper-superchip-datasheet-partner",
		},
		{
			ID: "h100-pcie", Name: "NVIDIA H100 PCIe", Aliases: []string{"h100-pcie-80gb"}, SMs: 114, BaseClock: clock(1095),
			MemoryKind:  "HBM2e",
			BoostClock:  1755 * mhz,
			MemoryBytes: 80 * gib, Bandwidth: 2039 * gbs, L2Bytes: 50 * mib, TDP: 350, Idle: 65,
			Estimates: []string{EstimateAwake},
			Peaks:     rates{float32: 51.2, tf32: 378, half: 756, float8: 1513, int8: 1513}.peaks(2, 2),
			Source:    "H100 data sheet; H100 white paper",
			Address:   "https://resources.nvidia.com/en-us-gpu-resources/h100-datasheet-24306",
		},
	})
}

// blackwell lists compute capability 10.0, 10.3 and 12.0: tensor cores also for 4-bit floating point. Tuning guide:
// https://docs.nvidia.com/cuda/blackwell-tuning-guide/
func blackwell() []Device {
	return slices.Concat(blackwellGraphics(), blackwellDataCentre(), blackwellUltra())
}

// blackwellGraphics lists compute capability 12.0. White paper:
// https://images.nvidia.com/aem-dam/Solutions/geforce/blackwell/nvidia-rtx-blackwell-gpu-architecture.pdf
func blackwellGraphics() []Device {
	pro := rates{float32: 126, tf32: 251.9, half: 503.8, float8: 1007.6, int8: 1007.6, float4: 2015.2}.peaks(1, 1)
	return boards(Device{
		Architecture: "Blackwell", ComputeCapability: "12.0", CoresPerSM: 128, Process: "TSMC 4N", MemoryKind: "GDDR7",
	}, []Device{
		{
			ID: "rtx-5090", Name: "NVIDIA GeForce RTX 5090", SMs: 170, BaseClock: clock(2017), BoostClock: 2407 * mhz,
			MemoryBytes: 32 * gib, Bandwidth: 1792 * gbs, L2Bytes: 96 * mib, TDP: 575, Idle: 70,
			Peaks:   rates{float32: 104.8, tf32: 104.8, half: 209.5, float8: 419, int8: 838, float4: 1676}.peaks(1, 1),
			Source:  "RTX Blackwell white paper",
			Address: "https://images.nvidia.com/aem-dam/Solutions/geforce/blackwell/nvidia-rtx-blackwell-gpu-architecture.pdf",
		},
		{
			ID: "rtx-pro-6000-blackwell", Name: "NVIDIA RTX PRO 6000 Blackwell Workstation Edition", SMs: 188,
			Aliases:   []string{"rtx-pro-6000", "rtx-pro-6000-workstation"},
			BaseClock: clock(1590), BoostClock: 2617 * mhz,
			MemoryBytes: 96 * gib, Bandwidth: 1792 * gbs, L2Bytes: 128 * mib, TDP: 600, Idle: 80, Peaks: pro,
			Source:  "RTX Blackwell PRO white paper",
			Address: "https://www.nvidia.com/content/dam/en-zz/Solutions/design-visualization/quadro-product-literature/NVIDIA-RTX-Blackwell-PRO-GPU-Architecture-v1.0.pdf",
		},
		{
			ID: "rtx-pro-6000-server", Name: "NVIDIA RTX PRO 6000 Blackwell Server Edition", SMs: 188,
			Aliases: []string{"rtx-pro-6000-blackwell-server"}, BoostClock: 2617 * mhz,
			MemoryBytes: 96 * gib, Bandwidth: 1597 * gbs, L2Bytes: 128 * mib, TDP: 600, Idle: 80, Peaks: pro,
			Estimates: []string{EstimatePeaks},
			Source:    "RTX PRO 6000 Blackwell Server Edition product page; clock and peaks of the Workstation Edition, which has the same chip",
			Address:   "https://www.nvidia.com/en-us/data-center/rtx-pro-6000-blackwell-server-edition/",
		},
	})
}

// blackwellDataCentre lists compute capability 10.0.
func blackwellDataCentre() []Device {
	return boards(Device{
		Architecture: "Blackwell", ComputeCapability: "10.0", CoresPerSM: 128, BoostClock: 1965 * mhz, L2Bytes: 126 * mib,
		Process: "TSMC 4NP", MemoryKind: "HBM3e", Busy: 300, Estimates: []string{EstimatePeaks, EstimateBusy},
	}, []Device{
		{
			ID: "b200-sxm", Name: "NVIDIA B200", Aliases: []string{"b200-sxm6", "b200-sxm-180gb"}, SMs: 148,
			MemoryBytes: 180 * gib, Bandwidth: 7700 * gbs, TDP: 1000, Idle: 150, Awake: 200,
			Peaks:     rates{float32: 75, tf32: 1125, half: 2250, float8: 4500, int8: 4500, float4: 9000}.peaks(2, 2),
			Estimates: []string{EstimateAwake},
			Source:    "HGX B200 data sheet, per GPU; Blackwell tuning guide",
			Address:   "https://www.nvidia.com/en-us/data-center/hgx/",
		},
		{
			ID: "gb200", Name: "NVIDIA GB200", Aliases: []string{"gb200-nvl72", "gb200-nvl4"}, SMs: 152,
			MemoryBytes: 186 * gib, Bandwidth: 8000 * gbs, TDP: 1200, Idle: 160, Awake: 210,
			Peaks:     rates{float32: 76.5, tf32: 1250, half: 2500, float8: 5000, int8: 5000, float4: 10000}.peaks(2, 2),
			Estimates: []string{EstimateL2},
			Source:    "GB200 NVL72 data sheet, per GPU; float32 at the B200's boost clock",
			Address:   "https://www.nvidia.com/en-us/data-center/gb200-nvl72/",
		},
	})
}

// blackwellUltra lists compute capability 10.3: tensor cores trade integers for 4-bit floating point, and there are twice the
// units for exponentials. White paper: https://resources.nvidia.com/en-us-blackwell-architecture
func blackwellUltra() []Device {
	return boards(Device{
		Architecture: "Blackwell", ComputeCapability: "10.3", CoresPerSM: 128, BoostClock: 1965 * mhz, L2Bytes: 126 * mib,
		Process: "TSMC 4NP", MemoryKind: "HBM3e", Awake: 183, Busy: 250,
		Estimates: []string{EstimatePeaks, EstimateL2, EstimateBusy},
	}, []Device{
		{
			ID: "b300-sxm", Name: "NVIDIA B300 SXM6 AC", Aliases: []string{"b300", "b300-sxm6"}, SMs: 148,
			MemoryBytes: 270 * gib, Bandwidth: 7750 * gbs, TDP: 1100, Idle: 165,
			Peaks:   rates{float32: 75, tf32: 1125, half: 2250, float8: 4500, int8: 150, float4: 13500}.peaks(2, 2),
			Source:  "HGX B300 data sheet, per GPU",
			Address: "https://www.nvidia.com/en-us/data-center/hgx/",
		},
		{
			ID: "gb300", Name: "NVIDIA GB300", Aliases: []string{"gb300-nvl72"}, SMs: 152,
			MemoryBytes: 279 * gib, Bandwidth: 8000 * gbs, TDP: 1400, Idle: 170,
			Peaks:     rates{float32: 76.5, tf32: 1250, half: 2500, float8: 5000, int8: 165, float4: 15000}.peaks(2, 2),
			Estimates: []string{EstimateAwake},
			Source:    "GB300 NVL72 data sheet, per GPU; multiprocessors as the GB200's, float32 at the B300's boost clock",
			Address:   "https://www.nvidia.com/en-us/data-center/gb300-nvl72/",
		},
	})
}
