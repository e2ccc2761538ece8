namespace Antaca.Client;

/// <summary>
/// The one session of a client: begun when it is first needed, begun anew when the suite has ended it, and shared by all who
/// call at the same time.
/// </summary>
/// <param name="begin">Begins a session. Its callers wait for it together, so it ends by its own time-outs.</param>
internal sealed class RenewingSession(Func<Task<SessionToken>> begin)
{
    private readonly Lock _lock = new();
    private Task<SessionToken>? _session;
    private bool _closed;

    /// <summary>Null where none has begun, or it is just beginning.</summary>
    public SessionToken? Present
    {
        get
        {
            lock (_lock)
            {
                return _session is { IsCompletedSuccessfully: true } begun ? begun.GetAwaiter().GetResult() : null;
            }
        }
    }

    /// <summary>Runs the call, and once more in a new session where the suite says that the session has ended.</summary>
    public async Task<T> With<T>(Func<SessionToken, Task<T>> call, CancellationToken cancel)
    {
        var session = await Token(cancel);
        try
        {
            return await call(session);
        }
        catch (AntacaException refusal) when (refusal is { Status: 401, Code: "SESSION_ENDED" })
        {
            Forget(session);
        }
        return await call(await Token(cancel));
    }

    /// <summary>A session that was begun in another way: by pairing, or with a PIN.</summary>
    public void Take(SessionToken begun)
    {
        lock (_lock)
        {
            _session = Task.FromResult(begun);
            _closed = false;
        }
    }

    /// <summary>No session is begun any more before <see cref="Take"/>. The one there was, or null.</summary>
    public async Task<SessionToken?> Close()
    {
        Task<SessionToken>? last;
        lock (_lock)
        {
            last = _session;
            _session = null;
            _closed = true;
        }
        try
        {
            return last is null ? null : await last;
        }
        catch (AntacaException)
        {
            // It never began.
            return null;
        }
    }

    /// <summary>The next call begins another session.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _session = null;
        }
    }

    private Task<SessionToken> Token(CancellationToken cancel)
    {
        lock (_lock)
        {
            if (_closed)
            {
                throw new AntacaException(0, AntacaException.NotSignedIn, "Signed out: sign in first.");
            }
            if (_session is null or { IsFaulted: true } or { IsCanceled: true })
            {
                _session = begin();
            }
            return _session.WaitAsync(cancel);
        }
    }

    /// <summary>Unless somebody has begun another one meanwhile.</summary>
    private void Forget(SessionToken ended)
    {
        lock (_lock)
        {
            if (_session is { IsCompletedSuccessfully: true } begun && ReferenceEquals(begun.GetAwaiter().GetResult(), ended))
            {
                _session = null;
            }
        }
    }
}
