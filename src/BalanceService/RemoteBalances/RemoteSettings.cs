namespace Antaca.BalanceService.RemoteBalances;

/// <summary>How we know the hosts of partners that hold balances themselves.</summary>
internal sealed record RemoteSettings
{
    /// <summary>A PEM file: an authority of hosts' certificates besides the system's own. In Development alone.</summary>
    public string? AuthorityFile { get; init; }
}
