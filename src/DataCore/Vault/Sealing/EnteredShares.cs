using System.Security.Cryptography;

namespace Antaca.DataCore.Vault.Sealing;

/// <summary>The shares that were entered so far; forgotten as soon as they have made the key, or could not.</summary>
internal sealed class EnteredShares : IDisposable
{
    private readonly Lock _turn = new();
    private readonly List<MasterKeyShare> _given = [];
    private readonly TaskCompletionSource<Hsm> _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with the vault that has its key.</summary>
    public Task<Hsm> Complete => _complete.Task;

    /// <summary>Takes a share, and keeps it unless it is refused. Too few is no refusal.</summary>
    public (int Given, int Needed, ShareFault? Refused) Enter(MasterKeyShare share)
    {
        lock (_turn)
        {
            var needed = share.Needed;
            if (!MasterKeyShares.Fits(share, _given, out var fault))
            {
                share.Dispose();
                return (_given.Count, needed, fault);
            }
            if (_complete.Task.IsCompleted)
            {
                share.Dispose();
                return (needed, needed, null);
            }
            _given.Add(share);
            if (_given.Count < needed)
            {
                return (_given.Count, needed, null);
            }

            var key = GC.AllocateArray<byte>(Hsm.MasterKeyBytes, pinned: true);
            try
            {
                if (MasterKeyShares.TryCombine(_given, key, out fault))
                {
                    _complete.SetResult(new Hsm(key));
                    return (needed, needed, null);
                }
                return (0, needed, fault);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(key);
                Forget();
            }
        }
    }

    public void Dispose()
    {
        lock (_turn)
        {
            Forget();
        }
    }

    public override string ToString()
    {
        lock (_turn)
        {
            return _given is [var first, ..] ? $"{_given.Count} of {first.Needed}" : "none";
        }
    }

    private void Forget()
    {
        foreach (var share in _given)
        {
            share.Dispose();
        }
        _given.Clear();
    }
}
