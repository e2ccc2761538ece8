using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Antaca.Jose;

namespace Antaca.Client;

/// <summary>Where the suite is and who is calling.</summary>
public sealed record AntacaConnectionOptions
{
    /// <summary>
    /// The partners' address, such as <c>https://localhost:9443</c>, or the public one, such as <c>https://localhost:8443</c>, for
    /// <see cref="MobileClient"/> and <see cref="OperatorClient"/>.
    /// </summary>
    public required Uri Address { get; init; }

    /// <summary>
    /// The client certificate, with its private key, that names the partner or processor; null on the public address, where
    /// sessions say who is calling.
    /// </summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The authorities that may have signed the server's certificate; null for the system's own.</summary>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    /// <summary>The RSA key (2048 to 4096 bits) that encrypted answers are sealed for; null makes one for this connection.</summary>
    public RsaPrivateKey? AnswerKey { get; init; }

    /// <summary>How long one attempt may take, connecting included.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a call that is safe to repeat is sent at most: 1 to 10.</summary>
    public int MaxAttempts { get; init; } = 4;

    /// <summary>The clock that pauses between attempts are taken on.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Hears of each attempt when it has ended; gets no body and no header. For logs and metrics.</summary>
    public Action<Exchange>? Observe { get; init; }

    /// <summary>Reads the certificate, its key and the trusted authorities from PEM files.</summary>
    /// <param name="address">The mTLS address.</param>
    /// <param name="certificateFile">The client certificate, and its intermediate authorities if there are any.</param>
    /// <param name="keyFile">Its private key, not encrypted.</param>
    /// <param name="authorityFile">The authorities to trust; null for the system's own.</param>
    public static AntacaConnectionOptions FromPem(Uri address, string certificateFile, string keyFile, string? authorityFile = null) => new()
    {
        Address = address,
        Certificate = X509Certificate2.CreateFromPemFile(certificateFile, keyFile),
        TrustedRoots = Trusted(authorityFile),
    };

    /// <summary>For the public address, without a client certificate.</summary>
    /// <param name="address">The public address.</param>
    /// <param name="authorityFile">PEM of the authorities to trust; null for the system's own.</param>
    public static AntacaConnectionOptions WithoutCertificate(Uri address, string? authorityFile = null) =>
        new() { Address = address, TrustedRoots = Trusted(authorityFile) };

    private static X509Certificate2Collection? Trusted(string? authorityFile)
    {
        if (authorityFile is null)
        {
            return null;
        }
        var trusted = new X509Certificate2Collection();
        trusted.ImportFromPemFile(authorityFile);
        return trusted;
    }
}

/// <summary>One attempt of a call, for the integrator's logs.</summary>
/// <param name="Path">Without its query, which may name people; ids only, never a secret.</param>
/// <param name="Encrypted">Whether the bodies travelled as JWE.</param>
/// <param name="Status">The HTTP status; 0 when no answer came.</param>
/// <param name="Attempt">1 for the first.</param>
public sealed record Exchange(HttpMethod Method, string Path, bool Encrypted, int Status, string? TraceId, TimeSpan Duration, int Attempt);

/// <summary>
/// A TLS connection to the suite over HTTP/2, mutual where there is a client certificate, shared by all calls of one partner
/// or processor, or of everybody on the public address. Make one, keep it, use it from several threads, dispose it at the end.
/// </summary>
public sealed class AntacaConnection : IDisposable
{
    /// <summary>The largest answer that is read.</summary>
    public const int MaxAnswerBytes = 4 * 1024 * 1024;

    private const int ConnectTimeoutSeconds = 5;
    private const int ConnectionLifetimeMinutes = 15;
    private const int MostAttempts = 10;

    private readonly HttpClient _http;

    public AntacaConnection(AntacaConnectionOptions options)
    {
        if (options.Address.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException("The suite is called over https only.", nameof(options));
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxAttempts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxAttempts, MostAttempts);

        _http = new HttpClient(Handler(options))
        {
            BaseAddress = new Uri(options.Address, "/"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
        Transport = new Transport(_http, options);
    }

    internal Transport Transport { get; }

    public void Dispose()
    {
        Transport.Dispose();
        _http.Dispose();
    }

    private static SocketsHttpHandler Handler(AntacaConnectionOptions options) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(ConnectTimeoutSeconds),
        PooledConnectionLifetime = TimeSpan.FromMinutes(ConnectionLifetimeMinutes),
        EnableMultipleHttp2Connections = true,
        SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateContext = options.Certificate is { } certificate
                ? SslStreamCertificateContext.Create(Usable(certificate), additionalCertificates: null, offline: true)
                : null,
            CertificateChainPolicy = options.TrustedRoots is { } roots ? TrustOnly(roots) : null,
        },
    };

    private static X509ChainPolicy TrustOnly(X509Certificate2Collection roots)
    {
        // A private authority publishes no revocation list.
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }

    // Windows does not use a key that was read from PEM for TLS before it has been through PKCS #12.
    private static X509Certificate2 Usable(X509Certificate2 certificate) => OperatingSystem.IsWindows()
        ? X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null)
        : certificate;
}
