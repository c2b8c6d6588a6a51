// Ends the program with a sentence where the processor is older than the build; see processor.c. Nothing is to be called.
#pragma once
