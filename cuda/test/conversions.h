// The same four conversions twice: by the emulator, by NVIDIA's headers.
#pragma once
#include <cstdint>

float emulated_from_bf16(uint16_t bits);
float emulated_from_half(uint16_t bits);
uint16_t emulated_to_bf16(float x);
uint16_t emulated_to_half(float x);
float nvidia_from_bf16(uint16_t bits);
float nvidia_from_half(uint16_t bits);
uint16_t nvidia_to_bf16(float x);
uint16_t nvidia_to_half(float x);
