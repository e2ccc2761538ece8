using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Antaca.Jose;

namespace Antaca.Benchmarks;

/// <summary>
/// Sealing and opening a JWE on one core against what the RSA operations alone allow: <c>openssl speed rsa2048</c> on the same
/// machine, in turns, medians of the rounds.
/// </summary>
internal static partial class JweBenchmark
{
    private const int Rounds = 5;
    private const int RoundSeconds = 2;

    public static async Task<int> Run()
    {
        using var key = RsaPrivateKey.Create();
        var body = Encoding.UTF8.GetBytes("""{"id":"0190a000-0000-7000-8000-000000000009","type":"Virtual","cardNo":"5105105105105100","cvv":"123","exp":"2029-11-30"}""");
        var compact = Jwe.Seal(body, key.PublicKey);
        List<double> opens = [], seals = [], rsaPrivate = [], rsaPublic = [], rawOpens = [], rawSeals = [];
        using var raw = RSA.Create(2048);
        var contentKey = RandomNumberGenerator.GetBytes(32);
        var wrapped = raw.Encrypt(contentKey, RSAEncryptionPadding.OaepSHA256);
        for (var round = -1; round < Rounds; round++)
        {
            var (sign, verify) = await OpenSsl();
            var opened = PerSecond(() => Jwe.Open(compact, key) is JweResult.Opened ? 1 : throw new InvalidOperationException("It does not open."));
            var sealedOnes = PerSecond(() => Jwe.Seal(body, key.PublicKey).Length);
            var unwrapped = PerSecond(() => raw.Decrypt(wrapped, RSAEncryptionPadding.OaepSHA256).Length);
            var wraps = PerSecond(() => raw.Encrypt(contentKey, RSAEncryptionPadding.OaepSHA256).Length);
            if (round >= 0)
            {
                rsaPrivate.Add(sign);
                rsaPublic.Add(verify);
                opens.Add(opened);
                seals.Add(sealedOnes);
                rawOpens.Add(unwrapped);
                rawSeals.Add(wraps);
            }
        }

        Console.WriteLine($"{"on one core",-34}{"per second",12}");
        Line("openssl speed rsa2048, private", Median(rsaPrivate));
        Line("openssl speed rsa2048, public", Median(rsaPublic));
        Line(".NET RSA-OAEP-256 unwrap alone", Median(rawOpens));
        Line(".NET RSA-OAEP-256 wrap alone", Median(rawSeals));
        Line("open a JWE", Median(opens));
        Line("seal a JWE", Median(seals));
        var both = Both(Median(opens), Median(seals));
        Line("open and seal (one call)", both);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"open / openssl private {Median(opens) / Median(rsaPrivate):F2}; seal / openssl public {Median(seals) / Median(rsaPublic):F2}; open and seal / both {both / Both(Median(rsaPrivate), Median(rsaPublic)):F2}; open / unwrap {Median(opens) / Median(rawOpens):F2}; seal / wrap {Median(seals) / Median(rawSeals):F2}"));
        return 0;
    }

    /// <summary>How many of a pair of operations one core does a second.</summary>
    private static double Both(double one, double other) => 1 / ((1 / one) + (1 / other));

    private static void Line(string what, double perSecond) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-34}{perSecond,12:F0}"));

    private static double Median(List<double> figures) => figures.Order().ElementAt(figures.Count / 2);

    private static double PerSecond(Func<int> operation)
    {
        var done = 0;
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started).TotalSeconds < RoundSeconds)
        {
            for (var i = 0; i < 50; i++)
            {
                operation();
            }
            done += 50;
        }
        return done / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<(double Sign, double Verify)> OpenSsl()
    {
        using var openssl = Process.Start(new ProcessStartInfo("openssl", ["speed", "-seconds", $"{RoundSeconds}", "rsa2048"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = openssl.StandardError.ReadToEndAsync();
        var text = await openssl.StandardOutput.ReadToEndAsync();
        await errors;
        await openssl.WaitForExitAsync();
        var row = Row().Match(text);
        return row.Success
            ? (double.Parse(row.Groups[1].Value, CultureInfo.InvariantCulture), double.Parse(row.Groups[2].Value, CultureInfo.InvariantCulture))
            : throw new InvalidOperationException("openssl speed answered otherwise than expected:\n" + text);
    }

    [GeneratedRegex(@"rsa\s+2048 bits\s+\S+s\s+\S+s\s+([\d.]+)\s+([\d.]+)")]
    private static partial Regex Row();
}
