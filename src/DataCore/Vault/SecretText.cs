using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Antaca.DataCore.Vault;

/// <summary>What the secret types share: a comparison in constant time.</summary>
internal static class SecretText
{
    public static bool Equal(string? left, string? right) =>
        left is null || right is null
            ? left is null && right is null
            : CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(left.AsSpan()), MemoryMarshal.AsBytes(right.AsSpan()));
}

/// <summary>Serialising a secret is a fault, not an empty object.</summary>
internal sealed class NeverInJson<T> : JsonConverter<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw Refusal();

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => throw Refusal();

    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw Refusal();

    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => throw Refusal();

    private static NotSupportedException Refusal() => new($"{typeof(T).Name} never travels as JSON.");
}
