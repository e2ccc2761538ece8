using System.Diagnostics;
using System.Security.Cryptography;

// The tests start whole servers and measure seconds: one after the other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Antaca.LocalHosting.Tests;

/// <summary>A folder for one test that everyone may pass through, as a checkout usually is.</summary>
public sealed class Place : IDisposable
{
    public Place()
    {
        Directory.CreateDirectory(Folder);
        File.SetUnixFileMode(Folder, Files.ThroughFolder);
    }

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), $"antaca-test-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}");

    public string At(string name) => Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Looks again and again, and fails the test when it is not so in time.</summary>
    public static async Task Until(Func<Task<bool>> isSo, TimeSpan limit, string what)
    {
        var waiting = Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.True(waiting.Elapsed < limit, $"not within {limit.TotalSeconds} s: {what}");
            await Task.Delay(50);
        }
    }

    public static Task Until(Func<bool> isSo, TimeSpan limit, string what) => Until(() => Task.FromResult(isSo()), limit, what);
}
