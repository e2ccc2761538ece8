namespace Antaca.Client;

/// <summary>
/// A call that was refused, or got no answer. <see cref="Code"/> is stable and is what to branch on; the codes of each call
/// are in its documentation and in the OpenAPI description. Contains no secret.
/// </summary>
public sealed class AntacaException : Exception
{
    /// <summary><see cref="Code"/> when no answer came: connection, TLS or time-out. <see cref="Status"/> is 0.</summary>
    public const string NoAnswer = "NO_ANSWER";

    /// <summary><see cref="Code"/> when the answer was not what the contract promises, or an encrypted one did not open.</summary>
    public const string UnexpectedAnswer = "UNEXPECTED_ANSWER";

    /// <summary><see cref="Code"/> when there is no session to call with: nobody signed in, or somebody signed out. <see cref="Status"/> is 0.</summary>
    public const string NotSignedIn = "NOT_SIGNED_IN";

    /// <summary><see cref="Code"/> when this device is paired with no user, or no longer. <see cref="Status"/> is 0.</summary>
    public const string NotPaired = "NOT_PAIRED";

    internal AntacaException(int status, string code, string detail, Exception? inner = null)
        : base($"{code}: {detail}", inner)
    {
        Status = status;
        Code = code;
        Detail = detail;
    }

    /// <summary>The HTTP status; 0 when no answer came.</summary>
    public int Status { get; }

    /// <summary>Upper snake case, such as <c>KYC_REQUIRED</c> or <c>LOCK_IRREVERSIBLE</c>.</summary>
    public string Code { get; }

    /// <summary>What happened, for people.</summary>
    public string Detail { get; }

    /// <summary>Names the call in the suite's traces; give it to support.</summary>
    public string? TraceId { get; internal init; }

    /// <summary>With <c>VALIDATION_FAILED</c>: what is wrong, by field. Otherwise empty.</summary>
    public IReadOnlyDictionary<string, string[]> Errors { get; internal init; } = new Dictionary<string, string[]>();

    /// <summary>With 429 and some 503: how long to wait before the next call.</summary>
    public TimeSpan? RetryAfter { get; internal init; }

    /// <summary>With <c>WRONG_PIN</c>: how many wrong PINs more are borne before the installation ends.</summary>
    public int? TriesLeft { get; internal init; }

    /// <summary>A fault of the way that may be gone the next time.</summary>
    internal bool Transient { get; init; }
}
