using System.Security.Cryptography;
using System.Text;
using Antaca.Contracts.Requests;
using Antaca.Gateway.Channels;
using Antaca.ServiceDefaults;

namespace Antaca.Gateway.Sessions;

/// <summary>Whose session a bearer token is: asked of DataCore by its hash, and remembered until it may have ended.</summary>
internal sealed class SessionTokens([FromKeyedServices("datacore")] Peer dataCore, Remembered remembered)
{
    private const string Scheme = "Bearer ";
    private const int TokenCharacters = 43;

    /// <summary>The token of <c>Authorization: Bearer</c>, hashed as it is stored; null for anything that is not in the form of one.</summary>
    public static string? HashOf(string? authorization)
    {
        if (authorization is null || authorization.Length != Scheme.Length + TokenCharacters || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        Span<byte> token = stackalloc byte[TokenCharacters];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        if (Encoding.UTF8.GetByteCount(authorization.AsSpan(Scheme.Length)) != TokenCharacters)
        {
            return null;
        }
        Encoding.UTF8.GetBytes(authorization.AsSpan(Scheme.Length), token);
        SHA256.HashData(token, hash);
        CryptographicOperations.ZeroMemory(token);
        return Convert.ToHexStringLower(hash);
    }

    public SessionHolder? KnownApp(string tokenHash) => remembered.Known<SessionHolder>(tokenHash);

    public OperatorHolder? KnownOperator(string tokenHash) => remembered.Known<OperatorHolder>(tokenHash);

    public Task<SessionHolder?> AskForApp(string tokenHash, CancellationToken cancel) => remembered.Ask(tokenHash, async () =>
    {
        var answer = await dataCore.Post<IdentifySession, SessionHolder>("/internal/sessions/identify", new IdentifySession(tokenHash), cancel);
        return answer.ValueOrNothing is { } holder
            ? (holder, [$"session:{holder.SessionId}", $"installation:{holder.InstallationId}", $"user:{holder.UserId}"])
            : ((SessionHolder?)null, Array.Empty<string>());
    });

    public Task<OperatorHolder?> AskForOperator(string tokenHash, CancellationToken cancel) => remembered.Ask(tokenHash, async () =>
    {
        var answer = await dataCore.Post<IdentifyOperatorSession, OperatorHolder>("/internal/operator-sessions/identify", new IdentifyOperatorSession(tokenHash), cancel);
        return answer.ValueOrNothing is { } holder
            ? (holder, [$"session:{holder.SessionId}", $"operator:{holder.OperatorId}"])
            : ((OperatorHolder?)null, Array.Empty<string>());
    });
}
