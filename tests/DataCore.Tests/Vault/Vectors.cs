using System.Text.Json;

namespace Antaca.DataCore.Tests.Vault;

internal static class Vectors
{
    /// <summary>Vectors/payment.json; each group in it names its source.</summary>
    public static JsonElement Payment { get; } = Read();

    private static JsonElement Read()
    {
        using var file = typeof(Vectors).Assembly.GetManifestResourceStream("payment.json")!;
        return JsonDocument.Parse(file).RootElement;
    }
}
