using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Antaca.ServiceDefaults;

/// <summary>
/// Settings are one record a feature. They are read and checked before the service starts; a wrong, missing or unknown
/// key stops it with one message that names every fault.
/// </summary>
public static class Settings
{
    private const string FaultsKey = "Antaca.SettingsFaults";

    /// <summary>Binds <paramref name="section"/> to a record, checks its data annotations and registers it as a singleton.</summary>
    /// <returns>The record. When it has faults they are thrown by <see cref="ThrowIfFaulty"/>, all at once.</returns>
    public static T AddSettings<T>(this IHostApplicationBuilder builder, string section)
        where T : class, new()
    {
        var faults = FaultsOf(builder);
        T settings;
        try
        {
            settings = builder.Configuration.GetSection(section).Get<T>(options => options.ErrorOnUnknownConfiguration = true) ?? new T();
        }
        catch (InvalidOperationException unusable)
        {
            faults.Add($"{section}: {unusable.Message} {unusable.InnerException?.Message}".TrimEnd());
            settings = new T();
            builder.Services.AddSingleton(settings);
            return settings;
        }

        var results = new List<ValidationResult>();
        Validator.TryValidateObject(settings, new ValidationContext(settings), results, validateAllProperties: true);
        foreach (var result in results)
        {
            faults.Add($"{section}:{string.Join(",", result.MemberNames)}: {result.ErrorMessage}");
        }
        builder.Services.AddSingleton(settings);
        return settings;
    }

    /// <summary>Adds a fault that no annotation can express, to be reported with the others.</summary>
    public static void AddSettingsFault(this IHostApplicationBuilder builder, string fault) => FaultsOf(builder).Add(fault);

    /// <summary>Stops the start when any setting is wrong.</summary>
    /// <exception cref="SettingsException">Names every fault.</exception>
    public static void ThrowIfFaulty(IHostApplicationBuilder builder)
    {
        var faults = FaultsOf(builder);
        if (faults.Count > 0)
        {
            throw new SettingsException(faults);
        }
    }

    private static List<string> FaultsOf(IHostApplicationBuilder builder)
    {
        if (!builder.Properties.TryGetValue(FaultsKey, out var faults))
        {
            builder.Properties[FaultsKey] = faults = new List<string>();
        }
        return (List<string>)faults;
    }
}

/// <summary>The settings do not let this service start. The message names each fault on a line of its own.</summary>
public sealed class SettingsException(IReadOnlyList<string> faults)
    : Exception("The settings are not usable:" + Environment.NewLine + string.Join(Environment.NewLine, faults.Select(fault => "  - " + fault)))
{
    public IReadOnlyList<string> Faults { get; } = faults;
}
