using System.Reflection;
using Antaca.LocalHosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>The suite as AppHost.cs describes it, ready to run.</summary>
public sealed class DistributedApplication
{
    private readonly Description description;

    internal DistributedApplication(Description description) => this.description = description;

    public static IDistributedApplicationBuilder CreateBuilder(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        return new DistributedApplicationBuilder();
    }

    /// <summary>Runs until Ctrl-C, SIGTERM or SIGHUP, then stops everything. A failure to start sets exit code 1.</summary>
    public void Run() => RunAsync().GetAwaiter().GetResult();

    /// <inheritdoc cref="Run"/>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await Suite.Run(description, cancellationToken);
        }
        catch (DistributedApplicationException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            Environment.ExitCode = 1;
        }
    }
}

/// <summary>A fault that its reader can mend: the message is one sentence that says how.</summary>
public class DistributedApplicationException : Exception
{
    public DistributedApplicationException()
    {
    }

    public DistributedApplicationException(string message)
        : base(message)
    {
    }

    public DistributedApplicationException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}

public interface IDistributedApplicationBuilder
{
    /// <summary>The folder of the AppHost's project; project paths are relative to it.</summary>
    string AppHostDirectory { get; }

    IHostEnvironment Environment { get; }

    IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource;

    IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource;

    DistributedApplication Build();
}

internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly List<IResource> resources = [];

    public DistributedApplicationBuilder()
    {
        var root = StateFolder.RepositoryRoot(AppContext.BaseDirectory);
        // The AppHost's project says where it is, relative to the repository (AppHost.csproj, AssemblyMetadata).
        var project = Assembly.GetEntryAssembly()?.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(metadata => metadata.Key == "AppHostProjectPath")?.Value;
        AppHostDirectory = project is null ? AppContext.BaseDirectory : Path.GetFullPath(project, root);
        Environment = new HostEnvironment(
            System.Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT")
            ?? System.Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT")
            ?? Environments.Production);
    }

    public string AppHostDirectory { get; }

    public IHostEnvironment Environment { get; }

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        if (resources.Exists(other => string.Equals(other.Name, resource.Name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new DistributedApplicationException($"Two resources are called \"{resource.Name}\": give each a name of its own.");
        }
        resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource => new ResourceBuilder<T>(this, resource);

    public DistributedApplication Build() => new(new Description(AppHostDirectory, Environment.EnvironmentName, [.. resources]));

    private sealed class HostEnvironment(string name) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = name;

        public string ApplicationName { get; set; } = Assembly.GetEntryAssembly()?.GetName().Name ?? "AppHost";

        public string ContentRootPath { get; set; } = AppContext.BaseDirectory;

        public Microsoft.Extensions.FileProviders.IFileProvider ContentRootFileProvider { get; set; } =
            new Microsoft.Extensions.FileProviders.NullFileProvider();
    }
}

/// <summary>What AppHost.cs said, before anything runs.</summary>
internal sealed record Description(string AppHostDirectory, string EnvironmentName, IReadOnlyList<IResource> Resources);
