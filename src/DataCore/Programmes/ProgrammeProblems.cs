using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Programmes;

internal static class ProgrammeProblems
{
    public static ProblemHttpResult NotFound() => Problems.NotFound("PROGRAM_NOT_FOUND", "programme");

    public static ProblemHttpResult Exists() => Problems.Refuse(409, "PROGRAM_EXISTS", "The partner has a programme of this name.");

    public static ProblemHttpResult RangeOverlaps() =>
        Problems.Refuse(409, "BIN_RANGE_OVERLAP", "Another programme draws numbers from this range, or from a part of it.");
}
