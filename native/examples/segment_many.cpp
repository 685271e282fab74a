// Segments images on several threads that share one model:
//     c++ segment_many.cpp $(pkg-config --cflags --libs sonomask) -pthread -o segment_many
//     ./segment_many sonomask.safetensors image.png...
// Prints one line per image, in the order of the arguments.
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sonomask/sonomask.h>

namespace {

using Model = std::unique_ptr<sm_model, decltype(&sm_model_free)>;
using State = std::unique_ptr<sm_state, decltype(&sm_state_free)>;

std::string read_file(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// One line about the image, or the reason of a failure.
std::string segment(sm_state *state, const std::string &path, sm_result &result) {
    const std::string file = read_file(path);
    sm_error error = {};
    sm_image image = {};
    std::ostringstream line;
    line << path << ": ";
    if (sm_image_decode(file.data(), file.size(), &image, &error) == SM_OK &&
        sm_segment(state, &image, nullptr, &result, &error) == SM_OK) {
        line << sm_class_name(result.type);
        for (int i = 0; i < result.lesion_count; i++) line << ", " << result.lesions[i].area << " px";
    } else {
        line << error.message;
    }
    sm_image_free(&image);
    return line.str();
}

} // namespace

int main(int argc, char **argv) {
    if (argc < 3) {
        std::cerr << "usage: segment_many WEIGHTS IMAGE...\n";
        return 2;
    }
    const std::string weights = read_file(argv[1]);
    sm_error error = {};
    sm_model *made = nullptr;
    if (sm_model_create(weights.data(), weights.size(), nullptr, &made, &error) != SM_OK) {
        std::cerr << argv[1] << ": " << error.message << "\n";
        return 1;
    }
    const Model model(made, sm_model_free);
    const std::vector<std::string> paths(argv + 2, argv + argc);
    std::vector<std::string> lines(paths.size());
    const std::size_t thread_count = 2;
    std::vector<std::thread> threads;
    for (std::size_t first = 0; first < thread_count; first++)
        threads.emplace_back([&, first] {
            sm_error reason = {};
            sm_state *own = nullptr;
            if (sm_state_create(model.get(), nullptr, &own, &reason) != SM_OK) {
                for (std::size_t i = first; i < paths.size(); i += thread_count) lines[i] = reason.message;
                return;
            }
            const State state(own, sm_state_free);
            sm_result result = {};
            for (std::size_t i = first; i < paths.size(); i += thread_count)
                lines[i] = segment(state.get(), paths[i], result);
            sm_result_free(&result);
        });
    for (std::thread &thread : threads) thread.join();
    for (const std::string &line : lines) std::cout << line << "\n";
    return 0;
}
