using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;

namespace Antaca.CardService.Secrets;

internal static class StepUps
{
    /// <summary>The approval that an app's call came with, for the vault to use up; null for a caller that needs none.</summary>
    public static StepUp? Of(Caller caller, string? approval) =>
        caller.Channel == Channel.Customers ? new StepUp(caller.InstallationId.GetValueOrDefault(), approval ?? "") : null;
}
